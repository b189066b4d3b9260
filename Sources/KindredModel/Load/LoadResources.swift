import KindredSystem

/// The threads and the memory of one load.
package struct LoadResources: Sendable {
    package let threads: LoadingThreads
    /// The cache that large regions come from, and return to when the version is gone; nil for the system.
    package let memory: SpareMemory?

    /// Threads at full speed, memory from the system.
    package static let plain = LoadResources(threads: .eager, memory: nil)

    package init(threads: LoadingThreads, memory: SpareMemory?) {
        self.threads = threads
        self.memory = memory
    }

    /// Memory with undefined content, which the caller fills completely. Throws without memory, or if the load was
    /// cancelled; `file` names the memory in the failure.
    func region(byteCount: Int, for file: String) throws(FileFailure) -> MemoryRegion {
        try threads.checkCancellation()
        guard let memory else { return try MemoryRegion.zeroed(byteCount: byteCount, for: file) }
        let region = try MemoryRegion.region(byteCount: byteCount, for: file) { () throws(MemoryFailure) in
            try MemoryRegion(uninitialised: byteCount, from: memory)
        }
        region.withMutableBytes {
            threads.touch(UnsafeMutableRawBufferPointer(rebasing: $0[region.newBytes]))
        }
        return region
    }
}
