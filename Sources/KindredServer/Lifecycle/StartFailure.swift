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
        case .stopped: "told to stop before it listened"
        case .limits(let violation): "limits that contradict each other: \(violation)"
        }
    }

    /// The system's message for an error of the network library.
    static func reason(of error: any Error) -> String {
        switch error {
        case let failure as IOError: SystemError.text(failure.errnoCode)
        case let failure as SocketAddressError.UnknownHost: failure.errorDescription
        default: "\(error)"
        }
    }
}
