import KindredDomain
import KindredKernels
import KindredSystem

/// One pass over the codes that marks every row whose canonical score may reach a threshold, in units that any
/// thread may take. A row without a mark scores less for certain.
final class AudienceSieve: AudienceWork {
    let marks: AudienceMarks
    let threshold: Float
    private let side: GenerationSide
    private let code: AudienceCode
    private let blocksPerUnit: Int
    private let blockCount: Int
    private let units: UnitCursor

    /// Codes of one unit: some tens of microseconds.
    private static let unitByteCount = 256 << 10

    init(_ query: AudienceQuery, threshold: Float) throws(MemoryFailure) {
        side = query.side
        self.threshold = threshold
        marks = try AudienceMarks(rowCount: side.table.count)
        code = AudienceCode(query, threshold: threshold)
        blockCount = code.reachableBlockCount(threshold: threshold)
        let fitting = Self.unitByteCount / CodeEncoder.blockByteCount(dimension: side.table.dimension)
        blocksPerUnit = min(max(1, fitting), AudienceCode.blocksPerScanMax)
        units = UnitCursor(count: (blockCount + blocksPerUnit - 1) / blocksPerUnit)
    }

    /// Rows that are compared; the norms of the others are too small.
    var rowCount: Int { min(blockCount * CodeEncoder.blockRows, side.table.count) }

    func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let first = unit * blocksPerUnit
        let hitCount = code.scan(first..<min(first + blocksPerUnit, blockCount), into: scratch.hits)
        let hits = scratch.hits
        let rows = side.codes.rows
        for index in 0..<hitCount { marks.insert(rows[Int(hits[index].position)]) }
        units.finish()
        return true
    }

    var isComplete: Bool { units.isComplete }
}
