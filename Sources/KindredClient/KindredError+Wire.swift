internal import KindredDomain
internal import KindredWire

extension KindredError {
    /// The error that a preface that refuses is.
    init(_ preface: ServerPreface) {
        let wait: Duration? =
            preface.retryAfterMilliseconds == 0 ? nil : .milliseconds(Int64(preface.retryAfterMilliseconds))
        switch ServerPreface.Refusal(rawValue: preface.refusalCode) {
        case .draining:
            self.init(.draining, "the server is shutting down: connect again")
        case .overloaded:
            self.init(.overloaded, "the server is overloaded")
        case .tooManyConnections:
            self.init(.overloaded, "the server has too many connections")
        case .version, nil, .some(.none):
            self = .protocolError(
                .unexpectedFrame,
                "the server speaks versions \(preface.majorMin) to \(preface.majorMax) of the protocol, "
                    + "this client \(ProtocolVersion.major)")
        }
        retryAfter = wait
    }

    /// The error of a request that a GOAWAY says was not processed.
    init(_ message: GoAway) {
        let status = StatusCode(rawValue: message.status)
        self.init(
            code: message.status, name: status?.name ?? "STATUS_0x\(String(message.status, radix: 16))",
            message: message.message.isEmpty ? "the server ended the connection" : message.message,
            isRetryable: true, isNotProcessed: true,
            retryAfter: message.reconnectAfterMilliseconds == 0
                ? nil : .milliseconds(Int64(message.reconnectAfterMilliseconds)))
    }
}

extension KindredError {
    /// The error that a server would answer, found before anything is sent.
    init(_ failure: RequestFailure) { self.init(ErrorReply(failure)) }
}
