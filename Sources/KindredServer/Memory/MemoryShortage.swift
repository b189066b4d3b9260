/// A version does not fit beside what is loaded. It may later, when memory has become free.
package struct MemoryShortage: Error, Sendable, Equatable, CustomStringConvertible {
    /// Bytes that the version takes.
    package let needed: UInt64
    /// Bytes that are left for it.
    package let free: UInt64
    package let bound: MemoryBound
    /// The version that serves meanwhile; nil for none.
    package let beside: UInt64?

    package init(needed: UInt64, free: UInt64, bound: MemoryBound, beside: UInt64?) {
        self.needed = needed
        self.free = free
        self.bound = bound
        self.beside = beside
    }

    package var description: String {
        let kind = bound.source == .addressSpace ? "addresses" : "memory"
        // What is needed is rounded up, what there is down.
        let neededMebibytes = needed >> 20 + (needed & (1 << 20 - 1) == 0 ? 0 : 1)
        return "needs \(neededMebibytes) MiB of \(kind), \(free >> 20) of "
            + "\(bound.byteCount >> 20) MiB (\(bound.source)) are free"
            + (beside.map { " beside version \($0)" } ?? "")
            + "; it is looked at again when memory may have become free"
    }
}
