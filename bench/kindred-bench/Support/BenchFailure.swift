/// Failures that end a run early.
enum BenchFailure: Error, CustomStringConvertible {
    case binaryMissing(path: String)
    case system(call: String, path: String, code: Int32)
    /// The server exited or printed nothing before it was ready.
    case serverNotReady(status: Int32?, log: String)
    case serverStatus(Int32, log: String)
    case memoryUnreadable(path: String, found: String)
    case unexpectedReply(type: UInt8, requestID: UInt64, wanted: UInt64)
    case catalogNotWritten(what: String, reason: String)
    case versionNotServed(wanted: UInt64, active: UInt64, refusals: [String])

    var description: String {
        switch self {
        case .binaryMissing(let path): "--kindred \(path): no executable file is there"
        case .system(let call, let path, let code): "\(call) \(path): error \(code)"
        case .serverNotReady(let status, let log):
            "the server \(status.map { "ended with status \($0)" } ?? "said nothing") before it was ready: \(log)"
        case .serverStatus(let status, let log):
            "the server ended with status \(status) after SIGTERM, wanted 0: \(log)"
        case .memoryUnreadable(let path, let found): "\(path): found \"\(found)\", wanted a number of kB"
        case .unexpectedReply(let type, let requestID, let wanted):
            "the server answered PING \(wanted) with a frame of type \(type) for request \(requestID)"
        case .catalogNotWritten(let what, let reason): "the drawn catalog: \(what): \(reason)"
        case .versionNotServed(let wanted, let active, let refusals):
            "version \(wanted) was published and version \(active) serves; refused: \(refusals)"
        }
    }
}
