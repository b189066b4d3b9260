import KindredKernels

/// Working memory of one thread that scans. Allocated once and reused for every unit.
///
/// Each use asks a buffer for the room it needs, and traps where the buffer is smaller: a tuned constant cannot write
/// past its end.
package final class ScanScratch {
    /// Queries that share one matrix product.
    package static let queriesPerGroupMax = 64
    /// Queries of one call of a scan kernel, at most.
    package static let int8QueriesPerCallMax = 32
    /// Queries x rows of one call of a scan kernel, at most: each may be a hit.
    package static let hitsMax = int8QueriesPerCallMax * 1_024
    /// Rows of a tile or of a unit, at most.
    static let rowsMax = Tiling.rowsPerTileMax

    /// Uninitialised memory for a fixed number of plain elements.
    struct Buffer<Element: BitwiseCopyable> {
        private let memory: UnsafeMutablePointer<Element>
        private let capacity: Int

        init(capacity: Int) {
            memory = .allocate(capacity: capacity)
            self.capacity = capacity
        }

        /// The buffer's memory. Traps where it has fewer than `count` elements.
        @inline(__always)
        func room(for count: Int) -> UnsafeMutablePointer<Element> {
            precondition(count <= capacity, "scratch memory has \(capacity) elements, \(count) are needed")
            return memory
        }

        func deallocate() { memory.deallocate() }
    }

    /// Scores of a group of queries x the rows of a tile.
    let scores: Buffer<Float>
    /// Rows of a tile that reach the limit.
    let survivors: Buffer<UInt32>
    /// Canonical sums of survivors.
    let sums: Buffer<Double>
    /// Lower bounds while a threshold is being raised.
    let bounds: Buffer<Double>
    /// Rows that a call of a scan kernel keeps.
    let hits: Buffer<CodeHit>
    /// Products of queries with the rows that seed thresholds.
    let products: Buffer<Int32>
    /// The bounds of these rows' blocks.
    let blockColumns: Buffer<BlockColumns>
    /// Positions, among these rows, of those that several queries must not find.
    let excludedPositions: Buffer<Int32>
    /// The greatest bound of each group of these rows.
    let peaks: Buffer<Float>

    /// Memory for the tiles and kernel calls that the constants allow.
    package convenience init() { self.init(rowsMax: Self.rowsMax, hitsMax: Self.hitsMax) }

    /// Memory for tiles of at most `rowsMax` rows and kernel calls of at most `hitsMax` queries x rows.
    package init(rowsMax: Int, hitsMax: Int) {
        scores = Buffer(capacity: Self.queriesPerGroupMax * rowsMax)
        survivors = Buffer(capacity: rowsMax)
        sums = Buffer(capacity: rowsMax)
        bounds = Buffer(capacity: rowsMax)
        hits = Buffer(capacity: hitsMax)
        products = Buffer(capacity: hitsMax)
        let rowsPerColumns = CodeEncoder.blockRows * BlockColumns.blockCount
        blockColumns = Buffer(capacity: (hitsMax + rowsPerColumns - 1) / rowsPerColumns)
        excludedPositions = Buffer(capacity: hitsMax)
        peaks = Buffer(capacity: 16 * CodePeaks.partCountMax)
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
