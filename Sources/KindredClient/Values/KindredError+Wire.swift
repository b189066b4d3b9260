internal import KindredDomain
package import KindredWire

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
    package init(_ message: GoAway) {
        let status = StatusCode(rawValue: message.status)
        let text = message.message.isEmpty ? "the server closed the connection" : message.message
        if status == .ok {
            // A goodbye without a reason: the name of success would be none.
            self = .connectionLost(text)
        } else {
            self.init(
                code: message.status, name: status?.name ?? "STATUS_0x\(String(message.status, radix: 16))",
                message: text)
        }
        // What this side did wrong it would do again.
        isRetryable = message.status >> 8 != 6 || status?.flags.contains(.retryable) == true
        isNotProcessed = true
        if message.reconnectAfterMilliseconds != 0 {
            retryAfter = .milliseconds(Int64(message.reconnectAfterMilliseconds))
        }
    }
}

extension KindredError {
    /// The error that a server would answer, found before anything is sent.
    init(_ failure: RequestFailure) { self.init(ErrorReply(failure)) }
}
