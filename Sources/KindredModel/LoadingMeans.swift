import KindredDomain
import KindredKernels

/// What a load works with.
package struct LoadingMeans: Sendable {
    package let threads: LoadingThreads
    /// Where memory comes from first, and goes once nobody uses what was loaded; nil for the system.
    package let memory: SpareMemory?

    /// Ends the load soon, with a failure that says so.
    package let cancellation: Cancellation

    package static let plain = LoadingMeans(threads: .eager, memory: nil)

    package init(
        threads: LoadingThreads, memory: SpareMemory?, cancellation: Cancellation = Cancellation()
    ) {
        self.threads = threads
        self.memory = memory
        self.cancellation = cancellation
    }

    /// Throws where nobody wants what is loaded any more. `file` is what it was about to read or make.
    func checkWanted(for file: String) throws(ModelFileFailure) {
        guard cancellation.isCancelled else { return }
        throw ModelFileFailure(
            file: file, field: "loading", found: "cancelled", wanted: "to be loaded to its end")
    }

    /// Does `0 ..< count` in parts, as `LoadingThreads.run` does, until the load is cancelled.
    func run(
        _ count: Int, inPartsOf partSize: Int, for file: String,
        _ part: @Sendable (Range<Int>) throws(ModelFileFailure) -> Void
    ) throws(ModelFileFailure) {
        try threads.run(count, inPartsOf: partSize) { (range) throws(ModelFileFailure) in
            try checkWanted(for: file)
            try part(range)
        }
    }

    /// Memory with any content, to be filled whole; the failure names the file.
    func region(byteCount: Int, for file: String) throws(ModelFileFailure) -> MemoryRegion {
        try checkWanted(for: file)
        guard let memory else { return try MemoryRegion.zeroed(byteCount: byteCount, for: file) }
        let region = try MemoryRegion.region(byteCount: byteCount, for: file) { () throws(MemoryFailure) in
            try MemoryRegion(uninitialised: byteCount, from: memory)
        }
        threads.touch(UnsafeMutableRawBufferPointer(rebasing: region.mutableBytes[region.newBytes]))
        return region
    }
}
