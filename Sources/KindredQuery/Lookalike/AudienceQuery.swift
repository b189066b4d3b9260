import KindredDomain
import KindredKernels

/// What an audience is ranked by: one vector that every user is compared with.
struct AudienceQuery: Sendable {
    let side: GenerationSide
    let vector: QueryVector
    let scoring: Similarity

    /// The canonical score of a row, given its canonical sum with the vector.
    @inline(__always)
    func score(sum: Double, row: Int) -> Float {
        scoring.score(sum: sum, norms: vector.norm * side.table.norms[row])
    }

    /// The canonical score of one row.
    func score(ofRow row: UInt32) -> Float {
        let table = side.table
        let sum = vector.withElements { elements in
            Canonical.sum(elements, table.vector(ofRow: row), count: table.dimension)
        }
        return score(sum: sum, row: Int(row))
    }
}
