import KindredTerminal

/// Failures of a measurement over the wire.
enum WireFailure: Error, CustomStringConvertible {
    /// A request failed, or an answer matches no request.
    case refused(requestID: UInt64, reply: String)
    case unexpectedAnswer(reply: String)
    case closed(endpoint: String)
    /// No answer came while requests were in flight.
    case silent(requests: Int, seconds: Double)

    var description: String {
        switch self {
        case .refused(let requestID, let reply):
            "request \(requestID) was answered with \(reply), wanted recommendations"
        case .unexpectedAnswer(let reply): "found the answer \(reply), wanted one query's results with scores"
        case .closed(let endpoint): "the server at \(endpoint) closed the connection, wanted it to go on"
        case .silent(let requests, let seconds):
            "\(requests) requests are in flight and nothing has come for \(seconds.fixed(1)) s, wanted an "
                + "answer or a failure to each"
        }
    }
}
