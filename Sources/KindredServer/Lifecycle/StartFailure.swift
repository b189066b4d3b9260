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
    case filterCache(mebibytes: Int, reason: String)
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
        case .filterCache(let mebibytes, let reason):
            "no memory to keep \(mebibytes) MiB of filters (\(reason)): ask for less with --filter-cache-mib"
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

    /// The system's message for an error of the network library.
    static func reason(of error: any Error) -> String {
        switch error {
        case let failure as IOError: SystemError.text(failure.errnoCode)
        case let failure as SocketAddressError.UnknownHost: failure.errorDescription
        default: "\(error)"
        }
    }
}
