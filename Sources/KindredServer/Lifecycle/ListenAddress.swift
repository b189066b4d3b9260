import Glibc
import NIOCore

/// Where a server is to listen.
enum ListenAddress {
    /// Throws where it cannot: a large model need not be loaded to find out. Nothing listens meanwhile.
    static func check(_ configuration: ServerConfiguration) throws(StartFailure) {
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

    /// Binds a socket that is closed again; the system's error, or 0.
    private static func bind(_ address: UnsafePointer<sockaddr>, _ byteCount: Int) -> Int32 {
        let descriptor = socket(Int32(address.pointee.sa_family), Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As the listener: what lingers of an earlier server is no obstacle.
        var reuses: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, size) == 0 else { return errno }
        return Glibc.bind(descriptor, address, socklen_t(byteCount)) == 0 ? 0 : errno
    }
}
