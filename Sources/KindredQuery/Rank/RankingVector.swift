import KindredDomain
import KindredKernels
import KindredModel

/// A vector that rows are compared with, and how its canonical sums become scores.
///
/// Every score that leaves the engine comes from here, whichever way its row was found.
package struct RankingVector: Sendable {
    package let vector: QueryVector
    /// `.dot`: the score is the sum. `.cosine`: the sum divided by both norms.
    package let similarity: Similarity

    /// A vector whose sums become scores by `similarity`, independent of the model's metric.
    package init(_ vector: QueryVector, similarity: Similarity) {
        self.vector = vector
        self.similarity = similarity
    }

    /// Ranks rows of a model of `metric` by `similarity`. Nil under cosine for a vector of norm 0, which has no
    /// direction.
    ///
    /// Rows of a cosine model have length 1, so there the cosine is the inner product with a query of length 1. A
    /// stored row has that length already.
    package init?(_ vector: QueryVector, by similarity: Similarity, metric: Similarity, dimension: Int) {
        guard similarity == .cosine else {
            self.init(vector, similarity: .dot)
            return
        }
        guard vector.norm > 0 else { return nil }
        if metric == .cosine {
            self.init(vector.isStored ? vector : vector.normalised(dimension: dimension), similarity: .dot)
        } else {
            self.init(vector, similarity: .cosine)
        }
    }

    /// How canonical sums with the vector become scores.
    var scoring: Scoring { Scoring(similarity: similarity, queryNorm: vector.norm) }

    /// The canonical score of a row of the table, from its canonical sum with the vector.
    @inline(__always)
    func score(sum: Double, row: Int, of table: VectorTable) -> Float {
        scoring.score(sum: sum, row: row, norms: table.norms)
    }

    /// The canonical score of one row of the table.
    func score(ofRow row: UInt32, of table: VectorTable) -> Float {
        let sum = vector.withElements { elements in
            Canonical.sum(elements, table.vector(ofRow: row), count: table.dimension)
        }
        return score(sum: sum, row: Int(row), of: table)
    }
}

/// How canonical sums with a vector become canonical scores: plain values, for loops over rows.
package struct Scoring: Sendable {
    package let similarity: Similarity
    /// The float64 norm of the vector.
    package let queryNorm: Double

    package init(similarity: Similarity, queryNorm: Double) {
        self.similarity = similarity
        self.queryNorm = queryNorm
    }

    /// The canonical score of a row. `norms` has the norm of every row and is read only under cosine, because it lies
    /// elsewhere in memory.
    @inline(__always)
    func score(sum: Double, row: Int, norms: UnsafePointer<Double>) -> Float {
        switch similarity {
        case .dot: Canonical.score(sum: sum)
        case .cosine: Canonical.score(sum: sum, norms: queryNorm * norms[row])
        }
    }
}
