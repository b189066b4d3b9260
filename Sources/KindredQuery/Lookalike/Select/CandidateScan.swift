import KindredDomain
import KindredKernels
import KindredSystem
import Synchronization

/// One scan of the codes that marks every row whose canonical score may reach a threshold, in units that any thread may
/// take. A row without a mark scores less for certain.
final class CandidateScan: SharedWork {
    let marks: CandidateMarks
    let threshold: Float
    private let side: GenerationSide
    private let code: Int8AudienceQuery
    private let blocksPerUnit: Int
    private let blockCount: Int
    private let units: UnitCursor

    /// Codes of one unit: some tens of microseconds.
    private static let unitByteCount = 256 << 10

    init(_ query: AudienceQuery, threshold: Float) throws(MemoryFailure) {
        side = query.side
        self.threshold = threshold
        marks = try CandidateMarks(rowCount: side.table.count)
        code = Int8AudienceQuery(query, threshold: threshold)
        blockCount = code.reachableBlockCount(threshold: threshold)
        let fitting = Self.unitByteCount / CodeEncoder.blockByteCount(dimension: side.table.dimension)
        blocksPerUnit = min(max(1, fitting), ScanScratch.hitsMax / CodeEncoder.blockRows)
        units = UnitCursor(count: (blockCount + blocksPerUnit - 1) / blocksPerUnit)
    }

    /// Rows that are compared; the norms of the others are too small.
    var rowCount: Int { min(blockCount * CodeEncoder.blockRows, side.table.count) }

    func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let first = unit * blocksPerUnit
        let blocks = first..<min(first + blocksPerUnit, blockCount)
        let hits = scratch.hits.room(for: blocks.count * CodeEncoder.blockRows)
        let hitCount = code.scan(blocks, into: hits)
        let rows = side.codes.rows
        for index in 0..<hitCount { marks.insert(rows[Int(hits[index].position)]) }
        units.finish()
        return true
    }

    var isComplete: Bool { units.isComplete }
}

/// A bit for each row that may be in an audience. Any thread may set bits.
final class CandidateMarks: @unchecked Sendable {
    let wordCount: Int
    private let storage: MemoryRegion
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    /// No marks. Throws where there is no memory.
    init(rowCount: Int) throws(MemoryFailure) {
        wordCount = (rowCount + 63) / 64
        storage = try MemoryRegion(byteCount: wordCount * MemoryLayout<UInt64>.stride)
        words = storage.mutableBytes.bindMemory(to: Atomic<UInt64>.self).baseAddress!
    }

    /// Marks a row; any thread.
    @inline(__always)
    func insert(_ row: UInt32) {
        _ = words[Int(row >> 6)].bitwiseOr(1 << UInt64(row & 63), ordering: .relaxed)
    }

    /// The marks of 64 rows, bit i for row 64 x index + i. Read once no thread sets marks any more.
    subscript(word index: Int) -> UInt64 {
        get { words[index].load(ordering: .relaxed) }
        set { words[index].store(newValue, ordering: .relaxed) }
    }

    var byteCount: Int { storage.byteCount }
}
