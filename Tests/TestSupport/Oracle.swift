import KindredDomain

/// The definition of an answer in plain code: every eligible row is scored in float64, all are sorted, the first k are
/// taken. Shares no code with the engine.
package struct Oracle: Sendable {
    package let dimension: Int
    package let rows: [[Float]]
    private let norms: [Double]

    package init(rows: [[Float]]) {
        self.rows = rows
        dimension = rows[0].count
        norms = rows.map { Self.sum($0, $0).squareRoot() }
    }

    /// The canonical sum: eight partial sums, combined in the documented order.
    package static func sum(_ a: [Float], _ b: [Float]) -> Double {
        var s = SIMD8<Double>(repeating: 0)
        var first = 0
        while first + 8 <= a.count {
            // Sum j takes element first + j. The product of two float32 is exact in float64.
            let left = SIMD8<Double>(SIMD8<Float>(a[first..<first + 8]))
            let right = SIMD8<Double>(SIMD8<Float>(b[first..<first + 8]))
            s += left * right
            first += 8
        }
        for i in first..<a.count { s[i % 8] += Double(a[i]) * Double(b[i]) }
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    }

    private func score(_ query: [Float], norm: Double, row: Int, _ similarity: Similarity) -> Float {
        let sum = Self.sum(query, rows[row])
        let score: Float
        switch similarity {
        case .dot: score = Float(sum)
        case .cosine: score = norm * norms[row] == 0 ? 0 : Float(sum / (norm * norms[row]))
        }
        return score == 0 ? 0 : score
    }

    /// The best k allowed rows, by descending score, then ascending row.
    package func best(
        _ query: [Float], k: Int, similarity: Similarity, minimumScore: Float = -.infinity,
        isAllowed: (Int) -> Bool = { _ in true }
    ) -> [(row: Int, score: Float)] {
        let norm = Self.sum(query, query).squareRoot()
        var all: [(row: Int, score: Float)] = []
        all.reserveCapacity(rows.count)
        for row in rows.indices where isAllowed(row) {
            let score = score(query, norm: norm, row: row, similarity)
            if score >= minimumScore { all.append((row, score)) }
        }
        all.sort { $0.score > $1.score || ($0.score == $1.score && $0.row < $1.row) }
        return Array(all.prefix(k))
    }

    /// The mean of rows: summed in float64 in ascending row order, divided once, rounded once.
    package func mean(_ members: [Int]) -> [Float] {
        (0..<dimension).map { element in
            Float(members.sorted().reduce(0.0) { $0 + Double(rows[$1][element]) } / Double(members.count))
        }
    }
}
