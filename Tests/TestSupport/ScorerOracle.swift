import Foundation

/// The scorers of look-alikes by their formulas, in plain dense code without an order of operations: for comparisons
/// within rounding. Shares no code with the engine.
package struct ScorerOracle {
    package typealias Seeds = [(row: Int, weight: Double)]
    package typealias Matrix = [[Double]]

    package let rows: [[Double]]
    /// Of the rows.
    package let hashes: [UInt64]
    package let dimension: Int
    package let mean: [Double]
    /// XᵀX.
    package let products: Matrix
    package let covariance: Matrix
    package let variance: Double

    package init(rows: [[Float]], ids: [PopulationOracle.ID]) {
        let rows = rows.map { $0.map { Double($0) } }
        let (dimension, count) = (rows[0].count, Double(rows.count))
        let mean = (0..<dimension).map { i in rows.reduce(0) { $0 + $1[i] } / count }
        var products = Self.zeros(dimension)
        var covariance = Self.zeros(dimension)
        for row in rows {
            for i in 0..<dimension {
                for j in 0..<dimension {
                    products[i][j] += row[i] * row[j]
                    covariance[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / count
                }
            }
        }
        self.rows = rows
        hashes = ids.map { PopulationOracle.hash($0) }
        self.dimension = dimension
        self.mean = mean
        self.products = products
        self.covariance = covariance
        variance = (0..<dimension).reduce(0) { $0 + covariance[$1][$1] } / Double(dimension)
    }

    private static func zeros(_ count: Int) -> Matrix {
        Array(repeating: Array(repeating: 0, count: count), count: count)
    }

    private func identity(_ factor: Double) -> Matrix {
        var result = Self.zeros(dimension)
        for i in 0..<dimension { result[i][i] = factor }
        return result
    }

    private func sum(_ a: Matrix, _ b: Matrix) -> Matrix {
        zip(a, b).map { zip($0, $1).map { $0 + $1 } }
    }

    private func centred(_ row: Int) -> [Double] { zip(rows[row], mean).map { $0 - $1 } }

    package func contrast(_ seeds: Seeds) -> [Double] {
        var right = Array(repeating: 0.0, count: dimension)
        for seed in seeds {
            for (i, value) in centred(seed.row).enumerated() { right[i] += seed.weight * value }
        }
        let weight = seeds.reduce(0) { $0 + abs($1.weight) }
        return Self.solve(sum(covariance, identity(variance)), right.map { $0 / weight })
    }

    package func foldin(_ seeds: Seeds, alpha: Double, lambda: Double) -> [Double] {
        var matrix = sum(products, identity(lambda))
        var right = Array(repeating: 0.0, count: dimension)
        for seed in seeds {
            let x = rows[seed.row]
            for i in 0..<dimension {
                for j in 0..<dimension { matrix[i][j] += (alpha * abs(seed.weight) - 1) * x[i] * x[j] }
                if seed.weight > 0 { right[i] += alpha * seed.weight * x[i] }
            }
        }
        return Self.solve(matrix, right)
    }

    package func logistic(_ seeds: Seeds) -> [Double] {
        let order = rows.indices.sorted { (hashes[$0], $0) < (hashes[$1], $1) }
        let known = Set(seeds.map(\.row))
        let few = Set(order.filter { known.contains($0) }.prefix(4_096))
        let background = order.prefix(16_384).filter { !known.contains($0) }.prefix(2_048)
        let points =
            seeds.filter { few.contains($0.row) }.map { (centred($0.row) + [1], $0.weight) }
            + background.map { (centred($0) + [1], -1) }
        let penalty = variance / 0.003
        func loss(_ place: [Double]) -> Double {
            var loss = place.dropLast().reduce(0) { $0 + $1 * $1 } * penalty / 2
            for (x, weight) in points {
                let z = zip(place, x).reduce(0) { $0 + $1.0 * $1.1 } * (weight > 0 ? -1 : 1)
                loss += abs(weight) * (max(z, 0) + log1p(exp(-abs(z))))
            }
            return loss
        }
        var place = Array(repeating: 0.0, count: dimension + 1)
        for _ in 0..<100 {
            var first = place.map { $0 * penalty }
            first[dimension] = 0
            var second = Self.zeros(dimension + 1)
            for i in 0..<dimension { second[i][i] = penalty }
            for (x, weight) in points {
                let chance = 1 / (1 + exp(-zip(place, x).reduce(0) { $0 + $1.0 * $1.1 }))
                for i in 0...dimension {
                    first[i] += abs(weight) * (chance - (weight > 0 ? 1 : 0)) * x[i]
                    for j in 0...dimension {
                        second[i][j] += abs(weight) * chance * (1 - chance) * x[i] * x[j]
                    }
                }
            }
            let step = Self.solve(second, first)
            var share = 1.0
            func moved() -> [Double] { zip(place, step).map { $0 - share * $1 } }
            while share > 1e-6, loss(moved()) > loss(place) * (1 + 1e-13) { share /= 2 }
            place = moved()
            let greatest = place.dropLast().reduce(0) { max($0, abs($1)) }
            if share == 1, step.dropLast().allSatisfy({ abs($0) <= 1e-13 * greatest }) { break }
        }
        return Array(place.dropLast())
    }

    package func blend(_ seeds: Seeds, alpha: Double?, lambda: Double) -> [Double] {
        var parts = [contrast(seeds), logistic(seeds)]
        if let alpha { parts.append(foldin(seeds, alpha: alpha, lambda: lambda)) }
        var result = Array(repeating: 0.0, count: dimension)
        for part in parts {
            let scores = rows.map { row in zip(row, part).reduce(0) { $0 + $1.0 * $1.1 } }
            let mean = scores.reduce(0, +) / Double(scores.count)
            let deviation = (scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count))
                .squareRoot()
            guard deviation > 0 else { continue }
            for i in 0..<dimension { result[i] += part[i] / deviation }
        }
        return result
    }

    /// Gauss elimination with pivoting.
    private static func solve(_ matrix: Matrix, _ right: [Double]) -> [Double] {
        var a = zip(matrix, right).map { $0 + [$1] }
        let count = right.count
        for k in 0..<count {
            let pivot = (k..<count).max { abs(a[$0][k]) < abs(a[$1][k]) }!
            a.swapAt(k, pivot)
            for i in k + 1..<count {
                let f = a[i][k] / a[k][k]
                for j in k...count { a[i][j] -= f * a[k][j] }
            }
        }
        var x = Array(repeating: 0.0, count: count)
        for i in (0..<count).reversed() {
            x[i] = (a[i][count] - (i + 1..<count).reduce(0) { $0 + a[i][$1] * x[$1] }) / a[i][i]
        }
        return x
    }
}
