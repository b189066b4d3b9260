import KindredSystem
import Synchronization

/// A bit for each row that may be in an audience, which all threads set.
final class AudienceMarks: @unchecked Sendable {
    let wordCount: Int
    private let storage: MemoryRegion
    private let shared: UnsafeMutablePointer<Atomic<UInt64>>

    /// No marks. Throws where there is no memory.
    init(rowCount: Int) throws(MemoryFailure) {
        wordCount = (rowCount + 63) / 64
        storage = try MemoryRegion(byteCount: wordCount * MemoryLayout<UInt64>.stride)
        shared = storage.mutableBytes.bindMemory(to: Atomic<UInt64>.self).baseAddress!
    }

    /// Marks a row; any thread.
    @inline(__always)
    func insert(_ row: UInt32) {
        _ = shared[Int(row >> 6)].bitwiseOr(1 << UInt64(row & 63), ordering: .relaxed)
    }

    /// 64 rows' marks, bit i for row 64 x index + i; once nobody sets any more.
    subscript(word index: Int) -> UInt64 {
        get { shared[index].load(ordering: .relaxed) }
        set { shared[index].store(newValue, ordering: .relaxed) }
    }

    var byteCount: Int { storage.byteCount }
}
