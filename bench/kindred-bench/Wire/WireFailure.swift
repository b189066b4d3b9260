import KindredTerminal

/// Why a measurement over the wire could not be finished.
enum WireFailure: Error, CustomStringConvertible {
    /// A request was answered with a failure, or nobody had asked.
    case refused(requestID: UInt64, reply: String)
    case strangeAnswer(reply: String)
    case closed(endpoint: String)
    /// So many requests were in flight, and no answer came.
    case silent(requests: Int, seconds: Double)

    var description: String {
        switch self {
        case .refused(let requestID, let reply):
            "request \(requestID) was answered with \(reply), wanted recommendations"
        case .strangeAnswer(let reply): "found the answer \(reply), wanted one query's results with scores"
        case .closed(let endpoint): "the server at \(endpoint) closed the connection, wanted it to go on"
        case .silent(let requests, let seconds):
            "\(requests) requests are in flight and nothing has come for \(seconds.fixed(1)) s, wanted an "
                + "answer or a failure to each"
        }
    }
}
