import Foundation
import Glibc
import KindredModel
import KindredSystem
import NIOCore

/// Why a server cannot start. Never crosses the wire.
package enum StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case modelsRoot(String, reason: String)
    /// Another server has the state folder.
    case stateInUse(String, holder: String)
    case listen(String, reason: String)
    case limits(String)
    /// The server was told to stop before it listened.
    case stopped
    case answerCache(mebibytes: Int, threads: Int, reason: String)
    /// `wanted`: descriptors beside those that are open already.
    case descriptors(limit: UInt64, wanted: UInt64, threads: Int)
    case addressSpace(mebibytes: Int, threads: Int)

    package var description: String {
        switch self {
        case .modelsRoot(let path, let reason):
            "the model repository '\(path)' \(reason): give a folder with --models"
        case .stateInUse(let path, let holder):
            "the state folder '\(path)' is in use by another server (\(holder)): end that one, or give this one a "
                + "folder of its own with --state"
        case .listen(let address, let reason):
            "cannot listen on \(address): \(reason); give another address with --listen, port 0 picks a free one"
        case .answerCache(let mebibytes, let threads, let reason):
            "no memory to keep \(mebibytes) MiB of answers for each of \(threads) event loops (\(reason)): ask for "
                + "less with --answer-cache-mib, or for fewer with --threads"
        case .descriptors(let limit, let wanted, let threads):
            "too few file descriptors: \(threads) event loops need \(wanted) beside those that are open, and at most "
                + "\(limit) are allowed; raise ulimit -n, or ask for fewer event loops with --threads"
        case .stopped: "told to stop before it listened"
        case .addressSpace(let mebibytes, let threads):
            "too little address space: \(threads) event loops and their answers need \(mebibytes) MiB beside what is "
                + "in use; raise ulimit -v, or ask for fewer event loops with --threads"
        case .limits(let violation): "limits that contradict each other: \(violation)"
        }
    }

    /// The system's words for what the network library threw.
    static func reason(of error: any Error) -> String {
        switch error {
        case let failure as IOError: SystemError.text(failure.errnoCode)
        case let failure as SocketAddressError.UnknownHost: failure.errorDescription
        default: "\(error)"
        }
    }

    /// Memory that is promised and not there would be missed long after the start.
    static func checkAnswerCache(_ configuration: ServerConfiguration) throws(StartFailure) {
        let (mebibytes, threads) = (configuration.answerCacheMebibytes, configuration.threadCount)
        let machineMebibytes = ProcessInfo.processInfo.physicalMemory >> 20
        guard UInt64(mebibytes) * UInt64(threads) > machineMebibytes else { return }
        throw .answerCache(
            mebibytes: mebibytes, threads: threads,
            reason: "the machine has \(machineMebibytes) MiB of memory")
    }

    /// The network library ends the process where a loop has no descriptors.
    static func checkDescriptors(_ configuration: ServerConfiguration) throws(StartFailure) {
        let limit = DescriptorLimit.raise()
        let threads = configuration.threadCount
        let wanted = DescriptorLimit.perLoop * UInt64(threads) + DescriptorLimit.startReserve
        guard DescriptorLimit.canOpen(wanted) else {
            throw .descriptors(limit: limit, wanted: wanted, threads: threads)
        }
    }

    /// Threads that a server has beside its loops: control, log, loads, signals.
    private static let otherThreads = 6
    /// Address space that the allocator reserves for each thread (an arena, malloc(3)).
    private static let arenaBytes = 64 << 20

    /// Reserves the address space of all threads for a moment. Where a thread cannot be made, the network library ends
    /// the process and the dispatch library waits without end.
    static func checkAddressSpace(_ configuration: ServerConfiguration) throws(StartFailure) {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return }
        defer { pthread_attr_destroy(&attributes) }
        var stackBytes = 0
        guard pthread_attr_getstacksize(&attributes, &stackBytes) == 0 else { return }
        let threads = configuration.threadCount
        let byteCount =
            (threads + otherThreads) * (stackBytes + arenaBytes)
            + threads * (configuration.answerCacheMebibytes << 20)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let region = mmap(nil, byteCount, PROT_NONE, flags, -1, 0), region != MAP_FAILED else {
            throw .addressSpace(mebibytes: byteCount >> 20, threads: threads)
        }
        munmap(region, byteCount)
    }

    static func checkFolder(_ path: String) throws(StartFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .modelsRoot(path, reason: "cannot be opened (\(SystemError.text(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .modelsRoot(path, reason: "is not a folder") }
    }
}
