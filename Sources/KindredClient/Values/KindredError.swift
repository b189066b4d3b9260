internal import KindredDomain
package import KindredWire

/// Why a call failed: a server's error reply, or a failure on this side.
///
/// ```swift
/// do {
///     let answer = try await client.recommend(.user(id))
///     show(answer.results)
/// } catch where error.name == "UNKNOWN_ID" {
///     showBestSellers()
/// }
/// ```
///
/// Names that no server sends: CONNECTION_LOST, PROTOCOL_ERROR (the server broke the protocol, or its answer does not
/// fit the request) and CONCURRENT_READ (two tasks read one audience).
public struct KindredError: Error, Sendable, Equatable {
    /// The protocol's status number; 0 for CONNECTION_LOST and CONCURRENT_READ.
    public var code: UInt16
    /// The status's name in SPEC.md, such as UNKNOWN_ID, or one of the names above.
    public var name: String
    /// The number of the reason within the status (SPEC.md); 0 where there is only one.
    public var detail: UInt16
    /// For people: the offending value, and the values that are allowed.
    public var message: String
    /// True where the same call may succeed later.
    public var isRetryable: Bool
    /// True where the server did nothing: it says so, or the request was never sent. Then even a call that changes
    /// something may be repeated.
    public var isNotProcessed: Bool
    /// The time to wait before the next attempt, where the server asks for one.
    public var retryAfter: Duration?
    /// The number of this failure in the server's log; 0: none.
    public var reference: UInt64
    /// The offending value, where it is a number; else 0.
    public var value: UInt64
    /// The greatest or least allowed value, where it is a number; else 0.
    public var limit: UInt64

    package init(
        code: UInt16, name: String, message: String, isRetryable: Bool = false, isNotProcessed: Bool = false,
        retryAfter: Duration? = nil, detail: UInt16 = 0, reference: UInt64 = 0, value: UInt64 = 0,
        limit: UInt64 = 0
    ) {
        self.code = code
        self.name = name
        self.detail = detail
        self.message = message
        self.isRetryable = isRetryable
        self.isNotProcessed = isNotProcessed
        self.retryAfter = retryAfter
        self.reference = reference
        self.value = value
        self.limit = limit
    }

    /// The error of a server's error reply.
    package init(_ reply: ErrorReply) {
        self.init(
            code: reply.status, name: Self.name(of: reply.status), message: reply.message,
            isRetryable: reply.flags.contains(.retryable),
            isNotProcessed: reply.flags.contains(.notProcessed),
            retryAfter: reply.retryAfterMilliseconds == 0
                ? nil : .milliseconds(Int64(reply.retryAfterMilliseconds)),
            detail: reply.detail, reference: reply.reference, value: reply.value, limit: reply.limit)
    }

    /// The error of one query of a batch.
    package init(_ query: QueryReply) {
        let flags = StatusCode(rawValue: query.status)?.flags ?? []
        self.init(
            code: query.status, name: Self.name(of: query.status), message: query.message,
            isRetryable: flags.contains(.retryable), isNotProcessed: flags.contains(.notProcessed),
            detail: query.detail, value: query.value, limit: query.limit)
    }

    /// A failure on this side that has one of the protocol's statuses.
    package init(_ status: StatusCode, _ message: String, value: UInt64 = 0, limit: UInt64 = 0) {
        self.init(
            code: status.rawValue, name: status.name, message: message,
            isRetryable: status.flags.contains(.retryable),
            isNotProcessed: status.flags.contains(.notProcessed),
            value: value, limit: limit)
    }

    /// True for VERSION_GONE of a version that is in the server's repository and can be activated.
    package var isOfVersionOnDisk: Bool {
        code == StatusCode.versionGone.rawValue && detail == DetailCode.versionOnDisk.rawValue
    }

    /// The detail's name in SPEC.md, such as FILTER_COLUMN; NONE where there is only one reason.
    package var detailName: String { DetailCode(rawValue: detail)?.name ?? "DETAIL_\(detail)" }

    /// The name of a status, also of one that only newer servers have.
    private static func name(of status: UInt16) -> String {
        StatusCode(rawValue: status)?.name ?? "STATUS_0x\(String(status, radix: 16))"
    }

    /// The server broke the protocol; the connection is closed.
    package static func protocolError(_ status: StatusCode, _ message: String) -> KindredError {
        KindredError(code: status.rawValue, name: "PROTOCOL_ERROR", message: message)
    }

    /// The connection ended or was never made. Whether the request was processed is unknown.
    package static func connectionLost(_ message: String) -> KindredError {
        KindredError(code: 0, name: "CONNECTION_LOST", message: message, isRetryable: true)
    }

    /// The same error for a request that was not processed.
    var notProcessed: KindredError {
        var error = self
        error.isNotProcessed = true
        return error
    }

    /// The same error for a request that may have been processed.
    var processed: KindredError {
        var error = self
        error.isNotProcessed = false
        return error
    }

    /// The caller has closed the client.
    static let closed = KindredError(
        code: 0, name: "CONNECTION_LOST", message: "the client was closed", isNotProcessed: true)

    /// Another task waits for the next rows of the same stream.
    package static let concurrentRead = KindredError(
        code: 0, name: "CONCURRENT_READ",
        message: "another task is reading this audience: one task reads an audience at a time")

    /// The caller's task was cancelled.
    package static let cancelled = KindredError(.cancelled, "cancelled by the caller")

    /// The call's time ran out on this side.
    package static func deadlineExceeded() -> KindredError {
        KindredError(.deadlineExceeded, "not answered in time")
    }
}

extension KindredError: CustomStringConvertible {
    /// The name and the message.
    public var description: String { message.isEmpty ? name : "\(name): \(message)" }
}

extension KindredError {
    /// The error of a preface that refuses the connection.
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
            // A GOAWAY without a reason. "OK" is no name for an error.
            self = .connectionLost(text)
        } else {
            self.init(
                code: message.status, name: status?.name ?? "STATUS_0x\(String(message.status, radix: 16))",
                message: text)
        }
        // A violation of the protocol by this side would happen again.
        isRetryable = message.status >> 8 != 6 || status?.flags.contains(.retryable) == true
        isNotProcessed = true
        if message.reconnectAfterMilliseconds != 0 {
            retryAfter = .milliseconds(Int64(message.reconnectAfterMilliseconds))
        }
    }
}

extension KindredError {
    /// An error that the server would reply with, found before anything is sent.
    init(_ failure: RequestFailure) { self.init(ErrorReply(failure)) }
}
