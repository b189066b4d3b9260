import Foundation
import Glibc
import KindredModel
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

    /// Throws where the folder of all models is not there.
    static func modelsRoot(_ path: String) throws(StartFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .modelsRoot(path, reason: "cannot be opened (\(SystemError.text(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .modelsRoot(path, reason: "is not a folder") }
    }
}
