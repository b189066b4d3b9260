/// Fold-in in plain scalar code: the documented operations in the documented order, and a dense solution without order.
/// Shares no code with the engine.
package struct FoldInOracle: Sendable {
    package typealias Matrix = [[Double]]

    package let rows: [[Float]]
    package let alpha: Double
    package let dimension: Int
    /// The lower triangle of YᵀY + lambda I.
    package let matrix: Matrix
    /// The inverse of its Cholesky factor; nil where the matrix is singular in float64.
    package let inverse: Matrix?

    package init(rows: [[Float]], alpha: Double, lambda: Double) {
        self.rows = rows
        self.alpha = alpha
        dimension = rows[0].count
        var matrix = Self.zeros(dimension)
        for first in stride(from: 0, to: rows.count, by: 4_096) {
            var sums = Self.zeros(dimension)
            for row in rows[first..<min(first + 4_096, rows.count)] {
                for i in 0..<dimension { for j in 0...i { sums[i][j] += Double(row[i]) * Double(row[j]) } }
            }
            for i in 0..<dimension { for j in 0...i { matrix[i][j] += sums[i][j] } }
        }
        for i in 0..<dimension { matrix[i][i] += lambda }
        self.matrix = matrix
        inverse = Self.factor(matrix).map(Self.inverse)
    }

    private static func zeros(_ count: Int) -> Matrix {
        Array(repeating: Array(repeating: 0, count: count), count: count)
    }

    /// The Cholesky factor; nil where a pivot is not above its rounding.
    package static func factor(_ matrix: Matrix) -> Matrix? {
        var factor = zeros(matrix.count)
        for j in matrix.indices {
            for i in j..<matrix.count {
                var value = matrix[i][j]
                for k in 0..<j { value -= factor[i][k] * factor[j][k] }
                if i > j {
                    factor[i][j] = value / factor[j][j]
                } else {
                    guard value > 0x1p-50 * Double(matrix.count) * matrix[j][j] else { return nil }
                    factor[j][j] = value.squareRoot()
                }
            }
        }
        return factor
    }

    /// The inverse of a lower triangle.
    package static func inverse(_ factor: Matrix) -> Matrix {
        var inverse = zeros(factor.count)
        for j in factor.indices {
            inverse[j][j] = 1 / factor[j][j]
            for i in j + 1..<factor.count {
                var value = 0.0
                for k in j..<i { value -= factor[i][k] * inverse[k][j] }
                inverse[i][j] = value / factor[i][i]
            }
        }
        return inverse
    }

    /// The canonical sum of float64 vectors: eight partial sums, combined in the documented order.
    package static func sum(_ a: [Double], _ b: [Double]) -> Double {
        var s = Array(repeating: 0.0, count: 8)
        for i in a.indices { s[i % 8] += a[i] * b[i] }
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    }

    /// The distinct items in ascending order, with their confidences.
    package func confidences(_ clicks: [(row: Int, weight: Float)]) -> [(row: Int, confidence: Double)] {
        let sorted = clicks.sorted { ($0.row, $0.weight) < ($1.row, $1.weight) }
        var distinct: [(row: Int, confidence: Double)] = []
        for row in Set(clicks.map(\.row)).sorted() {
            var weight = 0.0
            for click in sorted where click.row == row { weight += Double(click.weight) }
            distinct.append((row, alpha * weight))
        }
        return distinct
    }

    /// The vector of a visitor in float64, before it is rounded; nil where the equation has no solution in float64.
    package func folded(_ clicks: [(row: Int, weight: Float)]) -> [Double]? {
        let items = confidences(clicks)
        return 2 * items.count <= dimension ? foldedBySmall(items) : foldedByLarge(items)
    }

    private func foldedBySmall(_ items: [(row: Int, confidence: Double)]) -> [Double]? {
        guard let inverse else { return nil }
        let count = items.count
        let w = items.map { item in
            (0..<dimension).map { i in
                (0...i).reduce(0.0) { $0 + inverse[i][$1] * Double(rows[item.row][$1]) }
            }
        }
        var a = Self.zeros(count)
        var z = items.map(\.confidence)
        for i in 0..<count {
            for j in 0..<count { a[i][j] = (items[i].confidence - 1) * Self.sum(w[max(i, j)], w[min(i, j)]) }
            a[i][i] += 1
        }
        for k in 0..<count {
            guard a[k][k] > 0x1p-50 * Double(count) else { return nil }
            for i in k + 1..<count {
                let f = a[i][k] / a[k][k]
                for j in k + 1..<count { a[i][j] -= f * a[k][j] }
                z[i] -= f * z[k]
            }
        }
        for i in (0..<count).reversed() {
            for j in i + 1..<count { z[i] -= a[i][j] * z[j] }
            z[i] /= a[i][i]
        }
        let u = (0..<dimension).map { i in (0..<count).reduce(0.0) { $0 + z[$1] * w[$1][i] } }
        // The elements above the diagonal are 0 and change no sum.
        return (0..<dimension).map { j in Self.sum((0..<dimension).map { inverse[$0][j] }, u) }
    }

    private func foldedByLarge(_ items: [(row: Int, confidence: Double)]) -> [Double]? {
        var matrix = matrix
        var x = Array(repeating: 0.0, count: dimension)
        for item in items {
            let y = rows[item.row].map(Double.init)
            for i in 0..<dimension {
                for j in 0...i { matrix[i][j] += (item.confidence - 1) * y[j] * y[i] }
                x[i] += item.confidence * y[i]
            }
        }
        guard let factor = Self.factor(matrix) else { return nil }
        for i in 0..<dimension {
            for k in 0..<i { x[i] -= factor[i][k] * x[k] }
            x[i] /= factor[i][i]
        }
        for i in (0..<dimension).reversed() {
            for k in (i + 1..<dimension).reversed() { x[i] -= factor[k][i] * x[k] }
            x[i] /= factor[i][i]
        }
        return x
    }

    /// The same vector by Gauss elimination with pivoting on the dense equation, for a comparison within rounding.
    package func dense(_ clicks: [(row: Int, weight: Float)], lambda: Double) -> [Double] {
        let confidence = Dictionary(
            uniqueKeysWithValues: confidences(clicks).map { ($0.row, $0.confidence) })
        // The last column is the right side.
        var a = Array(repeating: Array(repeating: 0.0, count: dimension + 1), count: dimension)
        for (row, vector) in rows.enumerated() {
            let c = confidence[row] ?? 1
            for i in 0..<dimension {
                for j in 0..<dimension { a[i][j] += c * Double(vector[i]) * Double(vector[j]) }
                if confidence[row] != nil { a[i][dimension] += c * Double(vector[i]) }
            }
        }
        for i in 0..<dimension { a[i][i] += lambda }
        for k in 0..<dimension {
            let pivot = (k..<dimension).max { a[$0][k].magnitude < a[$1][k].magnitude }!
            a.swapAt(k, pivot)
            for i in k + 1..<dimension {
                let f = a[i][k] / a[k][k]
                for j in k...dimension { a[i][j] -= f * a[k][j] }
            }
        }
        var x = Array(repeating: 0.0, count: dimension)
        for i in (0..<dimension).reversed() {
            x[i] = (a[i][dimension] - (i + 1..<dimension).reduce(0) { $0 + a[i][$1] * x[$1] }) / a[i][i]
        }
        return x
    }
}
