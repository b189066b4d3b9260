import KindredSystem

/// What a load works with.
package struct LoadResources: Sendable {
    package let threads: LoadingThreads
    /// Where memory comes from first, and goes once nobody uses what was loaded; nil for the system.
    package let memory: SpareMemory?

    package static let plain = LoadResources(threads: .eager, memory: nil)

    package init(threads: LoadingThreads, memory: SpareMemory?) {
        self.threads = threads
        self.memory = memory
    }

    /// Memory with any content, to be filled whole; the failure names the file.
    func region(byteCount: Int, for file: String) throws(FileFailure) -> MemoryRegion {
        try threads.checkCancellation()
        guard let memory else { return try MemoryRegion.zeroed(byteCount: byteCount, for: file) }
        let region = try MemoryRegion.region(byteCount: byteCount, for: file) { () throws(MemoryFailure) in
            try MemoryRegion(uninitialised: byteCount, from: memory)
        }
        threads.touch(UnsafeMutableRawBufferPointer(rebasing: region.mutableBytes[region.newBytes]))
        return region
    }
}
