import KindredDomain

/// GOAWAY: this connection takes no new requests.
package struct GoAway: Sendable, Equatable {
    /// `StatusCode`'s number.
    package var status: UInt16
    /// Time for the requests in flight.
    package var graceMilliseconds: UInt32
    /// The greatest accepted request id. Requests with greater ids were not processed.
    package var lastRequestID: UInt64
    /// Wait before the client connects again. The server spreads it, so that not all clients connect at once.
    package var reconnectAfterMilliseconds: UInt32
    /// For people.
    package var message: String

    package init(
        status: StatusCode, graceMilliseconds: UInt32 = 0, lastRequestID: UInt64 = 0,
        reconnectAfterMilliseconds: UInt32 = 0, message: String = ""
    ) {
        self.status = status.rawValue
        self.graceMilliseconds = graceMilliseconds
        self.lastRequestID = lastRequestID
        self.reconnectAfterMilliseconds = reconnectAfterMilliseconds
        self.message = message
    }

    /// The frame that ends a connection because of what arrived on it.
    package init(_ failure: ConnectionFailure, lastRequestID: UInt64) {
        self.init(status: failure.status, lastRequestID: lastRequestID, message: failure.description)
    }

    private static let fixedLength = 24

    init(decoding body: RawSpan) throws(RequestFailure) {
        message = try MessageSection.decode(request: body, fixedLengthMin: Self.fixedLength)
        status = body.integer(at: 2, as: UInt16.self)
        graceMilliseconds = body.integer(at: 4, as: UInt32.self)
        lastRequestID = body.integer(at: 8, as: UInt64.self)
        reconnectAfterMilliseconds = body.integer(at: 16, as: UInt32.self)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(status, at: fixed + 2)
        writer.store(graceMilliseconds, at: fixed + 4)
        writer.store(lastRequestID, at: fixed + 8)
        writer.store(reconnectAfterMilliseconds, at: fixed + 16)
        MessageSection.append(message, into: &writer)
    }
}
