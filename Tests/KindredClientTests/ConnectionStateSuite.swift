import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Testing

/// Steps that the suites about `ConnectionState` share.
protocol ConnectionStateSuite {}

extension ConnectionStateSuite {
    var start: NIODeadline { NIODeadline.uptimeNanoseconds(1_000_000_000) }

    func bytes(_ message: ServerMessage, type: MessageType, id: UInt64) throws -> [UInt8] {
        var writer = ByteWriter()
        try message.encode(replyTo: type.rawValue, requestID: id, bodyBytesMax: 4 << 20, into: &writer)
        return writer.bytes
    }

    /// A state that has been through preface and HELLO.
    func ready(limits: Limits = .standard) throws -> ConnectionDriver {
        let state = ConnectionDriver()
        var writer = ByteWriter()
        ServerPreface().encode(into: &writer)
        _ = state.receive(writer.bytes)
        let hello = HelloReply(limits: limits, serverName: "s", defaultModel: nil)
        _ = state.receive(try bytes(.helloOK(hello), type: .hello, id: 1))
        #expect(state.isReady)
        return state
    }

    func submit(_ state: ConnectionDriver, _ ticket: Int, after milliseconds: Int64 = 1_000) -> UInt64? {
        let action = state.submit(
            ticket, type: .ping, expecting: .single, deadline: start + .milliseconds(milliseconds), now: start
        )
        if case .send(let id, _) = action { return id }
        return nil
    }
}

/// A connection's state with numbers as tickets. A class, since `#expect` cannot capture a value that cannot be copied.
final class ConnectionDriver {
    private var state = ConnectionState<Int>()

    var isReady: Bool { state.isReady }
    var isDrained: Bool { state.isDrained }
    var endError: KindredError? { state.endError }
    var inFlightCount: Int { state.inFlightCount }

    func step(_ bytes: [UInt8]) -> (consumed: Int, action: ConnectionState<Int>.Action) {
        state.receive(bytes.span.bytes)
    }

    @discardableResult
    func receive(_ bytes: [UInt8]) -> ConnectionState<Int>.Action { step(bytes).action }

    func submit(
        _ ticket: Int, type: MessageType, expecting expectation: ReplyAssembler.Expectation,
        stream: StreamState? = nil, deadline: NIODeadline, now: NIODeadline
    ) -> ConnectionState<Int>.SubmitAction {
        state.submit(ticket, type: type, expecting: expectation, stream: stream, deadline: deadline, now: now)
    }

    func next(_ ticket: Int, requestID: UInt64, now: NIODeadline) -> ConnectionState<Int>.NextAction {
        state.next(ticket, requestID: requestID, now: now)
    }

    func abandon(
        _ requestID: UInt64, now: NIODeadline
    ) -> (ticket: Int?, sendsCancel: Bool, owedBy: NIODeadline?) {
        state.abandon(requestID, now: now)
    }
    func expire(now: NIODeadline) -> (expired: [(requestID: UInt64, ticket: Int?)], next: NIODeadline?) {
        state.expire(now: now)
    }
    func close(
        _ error: KindredError, begunThrough: UInt64 = .max
    ) -> [(ticket: Int, error: KindredError)] {
        state.close(error, begunThrough: begunThrough)
    }
}
