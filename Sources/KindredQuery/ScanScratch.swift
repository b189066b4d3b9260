/// Working memory of one thread that scans. Allocated once, reused for every tile.
package final class ScanScratch {
    /// Queries that share one matrix product.
    package static let queriesPerGroupMax = 64

    /// Scores of a group of queries x the rows of a tile.
    let scores: UnsafeMutablePointer<Float>
    /// Rows of a tile that reach the limit.
    let survivors: UnsafeMutablePointer<UInt32>
    /// Canonical sums of survivors.
    let sums: UnsafeMutablePointer<Double>
    /// Lower bounds while a threshold is being raised.
    let bounds: UnsafeMutablePointer<Double>

    package init() {
        let rows = Tiling.rowsPerTileMax
        scores = .allocate(capacity: Self.queriesPerGroupMax * rows)
        survivors = .allocate(capacity: rows)
        sums = .allocate(capacity: rows)
        bounds = .allocate(capacity: rows)
    }

    deinit {
        scores.deallocate()
        survivors.deallocate()
        sums.deallocate()
        bounds.deallocate()
    }
}
