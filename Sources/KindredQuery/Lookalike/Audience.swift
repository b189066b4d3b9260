import KindredSystem

/// A selected audience, best first: external ids and scores. It holds nothing of its generation.
package final class Audience: Sendable {
    /// Ids as columns over memory that the audience owns.
    package enum IDs: Sendable {
        /// UInt64 each.
        case numbers(MemoryRegion)
        /// `offsets` UInt64 [count + 1] into `bytes`.
        case text(offsets: MemoryRegion, bytes: MemoryRegion)
    }

    package let count: Int
    package let ids: IDs
    private let scoreStorage: MemoryRegion

    init(count: Int, ids: IDs, scores: MemoryRegion) {
        self.count = count
        self.ids = ids
        scoreStorage = scores
    }

    /// One score per row. Valid while the audience is held.
    package var scores: UnsafeBufferPointer<Float> { scoreStorage.bytes.bindMemory(to: Float.self) }
}
