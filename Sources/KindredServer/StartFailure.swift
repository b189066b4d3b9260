import Glibc
import KindredModel
import NIOCore

/// Why a server cannot start. Never crosses the wire.
package enum StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case modelsRoot(String, reason: String)
    case stateDirectory(String, reason: String)
    case listen(String, reason: String)
    case limits(String)

    package var description: String {
        switch self {
        case .modelsRoot(let path, let reason):
            "the model repository '\(path)' \(reason): give a folder with --models"
        case .stateDirectory(let path, let reason):
            "the state directory '\(path)' cannot be made (\(reason)): give a writable one with --state"
        case .listen(let address, let reason):
            "cannot listen on \(address): \(reason); give another address with --listen, port 0 picks a free one"
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

    /// Throws where the address of a configuration cannot be listened on: a large model need not be loaded to find out.
    /// Nothing listens meanwhile.
    package static func checkAddress(of configuration: ServerConfiguration) throws(StartFailure) {
        let address = "\(configuration.host):\(configuration.port)"
        do {
            let resolved = try SocketAddress.makeAddressResolvingHost(
                configuration.host, port: configuration.port)
            let code = resolved.withSockAddr { pointer, byteCount -> Int32 in
                let descriptor = socket(Int32(pointer.pointee.sa_family), Int32(SOCK_STREAM.rawValue), 0)
                guard descriptor >= 0 else { return errno }
                defer { close(descriptor) }
                // As the listener: what lingers of an earlier server is no obstacle.
                var reuses: CInt = 1
                setsockopt(
                    descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<CInt>.size))
                return bind(descriptor, pointer, socklen_t(byteCount)) == 0 ? 0 : errno
            }
            if code != 0 { throw StartFailure.listen(address, reason: SystemError.text(code)) }
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw .listen(address, reason: reason(of: error))
        }
    }

    static func checkFolder(_ path: String) throws(StartFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .modelsRoot(path, reason: "cannot be opened (\(SystemError.text(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .modelsRoot(path, reason: "is not a folder") }
    }
}
