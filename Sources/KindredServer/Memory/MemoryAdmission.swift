import CKindredSystem
import KindredDomain
import KindredModel
import KindredSystem

/// Decides whether a version that is about to be loaded fits, so that it is refused with figures where it does not: the
/// system would end the whole process.
struct MemoryAdmission: Sendable {
    let probe: MemoryProbe

    /// Throws where the version in a folder does not fit beside what is loaded, or has no manifest. `spare` are bytes
    /// that wait for a load, `version` the one that serves.
    func admit(
        versionIn directory: String, loading: VectorLoading, spare: Int, beside version: UInt64?
    ) throws {
        let demand = MemoryDemand(
            of: try Manifest.read(directory: directory), in: directory, loading: loading)
        try admit(demand, spare: spare, beside: version)
    }

    /// Throws where what a version takes does not fit.
    private func admit(
        _ demand: MemoryDemand, spare: Int, beside version: UInt64?
    ) throws(MemoryShortage) {
        guard shortage(of: demand, spare: spare, beside: version) != nil else { return }
        // What the allocator holds and nobody uses counts as used: once that is back, another look.
        kindred_release_unused_heap()
        if let shortage = shortage(of: demand, spare: spare, beside: version) { throw shortage }
    }

    /// Whether a load may succeed later though no file has changed: there was no memory.
    static func isPassing(_ error: any Error) -> Bool {
        error is MemoryShortage || (error as? FileFailure)?.field == FileFailure.memoryField
    }

    /// The bound that is missed by most, if any is.
    private func shortage(of demand: MemoryDemand, spare: Int, beside version: UInt64?) -> MemoryShortage? {
        let spare = UInt64(clamping: spare)
        let shortages = probe.bounds.compactMap { bound -> MemoryShortage? in
            let needed = bound.source == .addressSpace ? demand.addressByteCount : demand.byteCount
            // The rest of the process goes on meanwhile.
            let left = bound.free - min(bound.free, Limits.memoryReserveBytes)
            let (free, overflow) = left.addingReportingOverflow(spare)
            guard !overflow, needed > free else { return nil }
            return MemoryShortage(needed: needed, free: free, bound: bound, beside: version)
        }
        return shortages.max { $0.needed - $0.free < $1.needed - $1.free }
    }
}
