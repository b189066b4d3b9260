import KindredDomain
import KindredKernels
import KindredSystem

/// The canonical score of every user against one query, in tiles that any thread may take.
///
/// Everybody's score is computed canonically at once. A float32 product first and a canonical one for the
/// survivors would read the vectors from memory twice; the canonical kernel keeps up with memory alone.
final class AudienceScan: AudienceWork {
    private let query: AudienceQuery
    private let tiling: Tiling
    private let storage: MemoryRegion
    private let tiles: UnitCursor

    init(_ query: AudienceQuery) throws(MemoryFailure) {
        self.query = query
        tiling = query.side.tiling
        storage = try MemoryRegion(byteCount: query.side.table.count * MemoryLayout<Float>.stride)
        tiles = UnitCursor(count: tiling.tileCount)
    }

    func work(scratch: ScanScratch) -> Bool {
        guard let tile = tiles.take() else { return false }
        let rows = tiling.rows(ofTile: tile)
        let table = query.side.table
        query.ranking.vector.withElements { elements in
            Canonical.sums(
                query: elements, rows: table.vectors + rows.lowerBound * table.dimension,
                dimension: table.dimension, rowCount: rows.count, into: scratch.sums)
        }
        let scores = storage.mutableBytes.bindMemory(to: Float.self)
        for row in rows { scores[row] = query.score(sum: scratch.sums[row - rows.lowerBound], row: row) }
        tiles.finish()
        return true
    }

    var isComplete: Bool { tiles.isComplete }

    /// The scores of all rows; only once complete.
    var scores: UnsafeBufferPointer<Float> { storage.bytes.bindMemory(to: Float.self) }

    var byteCount: Int { storage.byteCount }
}
