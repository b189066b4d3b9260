import CKindredSystem
import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem

/// Decides before a load whether the version fits into memory. One that does not fit is refused with figures: if it
/// were loaded, the system would kill the process.
struct MemoryCheck: Sendable {
    let probe: MemoryProbe
    /// The masks of filters, which may grow to their bound beside the version.
    let filterMasks: FilterMaskStore

    /// Throws `MemoryShortage` where the version in a folder does not fit, and where it has no readable manifest.
    /// `spare`: bytes that are kept for a load; `version`: the version that serves.
    func check(
        versionIn directory: String, loading: VectorLoading, spare: Int, beside version: UInt64?
    ) throws {
        let demand = MemoryDemand(
            of: try Manifest.read(directory: directory), in: directory, loading: loading)
        try check(demand, spare: spare, beside: version)
    }

    /// Throws where the demand does not fit.
    private func check(
        _ demand: MemoryDemand, spare: Int, beside version: UInt64?
    ) throws(MemoryShortage) {
        guard shortage(of: demand, spare: spare, beside: version) != nil else { return }
        // Unused heap counts as used. It is given back, and the bounds are read again.
        kindred_release_unused_heap()
        if let shortage = shortage(of: demand, spare: spare, beside: version) { throw shortage }
    }

    /// Whether a load failed for lack of memory, so that it may succeed later with the same files.
    static func isPassing(_ error: any Error) -> Bool {
        error is MemoryShortage || (error as? FileFailure)?.field == FileFailure.memoryField
    }

    /// The shortage under the bound that the demand exceeds by most; nil where it exceeds none.
    private func shortage(of demand: MemoryDemand, spare: Int, beside version: UInt64?) -> MemoryShortage? {
        let spare = UInt64(clamping: spare)
        let reserve =
            Limits.memoryReserveBytes
            + UInt64(clamping: filterMasks.byteCountMax - filterMasks.byteCount)
        let shortages = probe.bounds.compactMap { bound -> MemoryShortage? in
            let needed = bound.source == .addressSpace ? demand.addressByteCount : demand.byteCount
            // The rest of the process needs memory meanwhile.
            let left = bound.free - min(bound.free, reserve)
            let (free, overflow) = left.addingReportingOverflow(spare)
            guard !overflow, needed > free else { return nil }
            return MemoryShortage(needed: needed, free: free, bound: bound, beside: version)
        }
        return shortages.max { $0.needed - $0.free < $1.needed - $1.free }
    }
}

/// A version does not fit into memory now. It may fit later.
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
        // The demand is rounded up, free memory is rounded down.
        let neededMebibytes = needed >> 20 + (needed & (1 << 20 - 1) == 0 ? 0 : 1)
        return "needs \(neededMebibytes) MiB of \(kind), \(free >> 20) of "
            + "\(bound.byteCount >> 20) MiB (\(bound.source)) are free"
            + (beside.map { " beside version \($0)" } ?? "")
            + "; it is looked at again when memory may have become free"
    }
}
