import KindredKernels

/// Working memory of one thread that scans. Allocated once, reused for every tile.
package final class ScanScratch {
    /// Queries that share one matrix product.
    package static let queriesPerGroupMax = 64

    /// Coded queries of one call of a scan kernel, at most.
    package static let codedQueriesPerCallMax = 32
    /// Queries x rows of one call of a scan kernel, at most: each may be a hit.
    package static let hitsMax = codedQueriesPerCallMax * 1_024
    /// Room of `survivors` and `sums`.
    static let survivorsMax = Tiling.rowsPerTileMax

    /// Scores of a group of queries x the rows of a tile.
    let scores: UnsafeMutablePointer<Float>
    /// Rows of a tile that reach the limit.
    let survivors: UnsafeMutablePointer<UInt32>
    /// Canonical sums of survivors.
    let sums: UnsafeMutablePointer<Double>
    /// Lower bounds while a threshold is being raised.
    let bounds: UnsafeMutablePointer<Double>
    /// Rows that a call of a scan kernel keeps.
    let hits: UnsafeMutablePointer<CodeHit>
    /// Products of the rows that warm thresholds.
    let products: UnsafeMutablePointer<Int32>
    /// The bounds of their blocks.
    let blockColumns: UnsafeMutablePointer<BlockColumns>
    /// Those of these rows, in their order, that several queries must not find.
    let excludedPositions: UnsafeMutablePointer<Int32>
    /// The greatest bound of each group of those rows.
    let peaks: UnsafeMutablePointer<Float>

    package init() {
        let rows = Self.survivorsMax
        scores = .allocate(capacity: Self.queriesPerGroupMax * rows)
        survivors = .allocate(capacity: rows)
        sums = .allocate(capacity: rows)
        bounds = .allocate(capacity: rows)
        hits = .allocate(capacity: Self.hitsMax)
        products = .allocate(capacity: Self.hitsMax)
        blockColumns = .allocate(capacity: Self.hitsMax / (CodeEncoder.blockRows * BlockColumns.blockCount))
        excludedPositions = .allocate(capacity: Self.hitsMax)
        peaks = .allocate(capacity: 16 * CodePeaks.partCountMax)
    }

    deinit {
        scores.deallocate()
        survivors.deallocate()
        sums.deallocate()
        bounds.deallocate()
        hits.deallocate()
        products.deallocate()
        blockColumns.deallocate()
        excludedPositions.deallocate()
        peaks.deallocate()
    }
}
