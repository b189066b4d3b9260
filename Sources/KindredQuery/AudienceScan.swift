import KindredDomain
import KindredKernels
import Synchronization

/// The canonical score of every user against one query, in tiles that any thread may take.
///
/// Everybody's score is computed canonically at once. A float32 product first and a canonical one for the
/// survivors would read the vectors from memory twice; the canonical kernel keeps up with memory alone.
package final class AudienceScan: Sendable {
    package let side: GenerationSide
    private let query: QueryVector
    private let scoring: Similarity
    private let storage: MemoryRegion
    private let cursor = Atomic<Int>(0)
    private let tilesDone = Atomic<Int>(0)

    init(side: GenerationSide, query: QueryVector, scoring: Similarity) throws(MemoryFailure) {
        self.side = side
        self.query = query
        self.scoring = scoring
        storage = try MemoryRegion(byteCount: side.table.count * MemoryLayout<Float>.stride)
    }

    /// Takes one tile and scores it. False when none is left to take.
    package func work(scratch: ScanScratch) -> Bool {
        let tile = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        guard tile < side.tiling.tileCount else { return false }
        let rows = side.tiling.rows(ofTile: tile)
        let table = side.table
        query.withElements { elements in
            Canonical.sums(
                query: elements, rows: table.vectors + rows.lowerBound * table.dimension,
                dimension: table.dimension, rowCount: rows.count, into: scratch.sums)
        }
        let scores = storage.mutableBytes.bindMemory(to: Float.self)
        switch scoring {
        case .dot:
            for row in rows { scores[row] = Canonical.score(sum: scratch.sums[row - rows.lowerBound]) }
        case .cosine:
            for row in rows {
                scores[row] = Canonical.score(
                    sum: scratch.sums[row - rows.lowerBound], norms: query.norm * table.norms[row])
            }
        }
        // Releases the scores to whoever sees the count complete.
        _ = tilesDone.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return true
    }

    /// True once every tile is scored.
    package var isComplete: Bool { tilesDone.load(ordering: .acquiring) == side.tiling.tileCount }

    /// The scores of all rows; only once complete.
    var scores: UnsafeBufferPointer<Float> { storage.bytes.bindMemory(to: Float.self) }
}
