/// Why a measurement over the wire could not be finished.
enum WireFailure: Error, CustomStringConvertible {
    /// A request was answered with a failure, or nobody had asked.
    case refused(requestID: UInt64, reply: String)
    case strangeAnswer(reply: String)

    var description: String {
        switch self {
        case .refused(let requestID, let reply):
            "request \(requestID) was answered with \(reply), wanted recommendations"
        case .strangeAnswer(let reply): "found the answer \(reply), wanted one query's results with scores"
        }
    }
}
