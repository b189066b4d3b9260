import Foundation
import Glibc
import KindredSystem
import NIOCore

/// Checks a configuration before anything is started or loaded.
enum StartChecks {
    /// Throws where the server cannot listen at its address, so that this is known before a large model is loaded.
    /// Nothing listens afterwards.
    static func address(_ configuration: ServerConfiguration) throws(StartFailure) {
        do {
            let address = try SocketAddress.makeAddressResolvingHost(
                configuration.host, port: configuration.port)
            let code = address.withSockAddr { pointer, byteCount in bind(pointer, byteCount) }
            if code != 0 { throw IOError(errnoCode: code, reason: "bind") }
        } catch {
            throw .listen(
                "\(configuration.host):\(configuration.port)", reason: StartFailure.reason(of: error))
        }
    }

    /// Binds a socket and closes it; returns the system's error, or 0.
    private static func bind(_ address: UnsafePointer<sockaddr>, _ byteCount: Int) -> Int32 {
        let descriptor = socket(Int32(address.pointee.sa_family), Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As the listener does: closed connections of an earlier server are no obstacle.
        var reuses: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, size) == 0 else { return errno }
        return Glibc.bind(descriptor, address, socklen_t(byteCount)) == 0 ? 0 : errno
    }

    /// Throws where the caches of answers need more memory than the machine has: that would show long after the start.
    static func answerCache(_ configuration: ServerConfiguration) throws(StartFailure) {
        let (mebibytes, threads) = (configuration.answerCacheMebibytes, configuration.threadCount)
        let machineMebibytes = ProcessInfo.processInfo.physicalMemory >> 20
        guard UInt64(mebibytes) * UInt64(threads) > machineMebibytes else { return }
        throw .answerCache(
            mebibytes: mebibytes, threads: threads,
            reason: "the machine has \(machineMebibytes) MiB of memory")
    }

    /// Throws where the masks of filters may need more memory than the machine has.
    static func filterCache(_ configuration: ServerConfiguration) throws(StartFailure) {
        let machineMebibytes = ProcessInfo.processInfo.physicalMemory >> 20
        guard UInt64(configuration.filterCacheMebibytes) > machineMebibytes else { return }
        throw .filterCache(
            mebibytes: configuration.filterCacheMebibytes,
            reason: "the machine has \(machineMebibytes) MiB of memory")
    }

    /// Throws where the folder of all models is not there.
    static func modelsRoot(_ path: String) throws(StartFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .modelsRoot(path, reason: "cannot be opened (\(SystemError.text(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .modelsRoot(path, reason: "is not a folder") }
    }

    /// Throws where the loops need more descriptors than can be opened: the network library ends the process there.
    static func descriptors(_ configuration: ServerConfiguration) throws(StartFailure) {
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

    /// Throws where the threads need more address space than there is, which is reserved for a moment. Where a thread
    /// cannot be made, the network library ends the process, and the dispatch library waits without end.
    static func addressSpace(_ configuration: ServerConfiguration) throws(StartFailure) {
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
}
