import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Testing

/// The decisions about look-alike streams, with numbers as tickets and a clock made by hand.
@Suite struct ConnectionStateStreamTests: ConnectionStateSuite {
    @Test func streamReaderGetsRowsThenTheEnd() throws {
        let state = try ready()
        let action = state.submit(
            0, type: .lookalike, expecting: .single, stream: StreamState(windowBytes: 1_000),
            deadline: start + .seconds(1), now: start)
        guard case .send(let id, _) = action, case .wait = state.next(1, requestID: id, now: start) else {
            return #expect(Bool(false))
        }
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4, 5]), scores: [2, 1])
        guard
            case .event(1, .rows(rows), id, windowLimit: nil) = state.receive(
                try bytes(.data(rows), type: .data, id: id))
        else { return #expect(Bool(false)) }
        // The deadline was that of the first rows. No reader waits for the next ones yet.
        #expect(state.expire(now: start + .minutes(59)).expired.isEmpty)
        var summary = LookalikeSummary(origin: AnswerOrigin(model: ModelName("m")!, version: 1))
        var checksum = AudienceChecksum()
        checksum.update(rows.ids)
        summary.rows = 2
        summary.checksum = checksum.value
        _ = state.receive(try bytes(.lookalike(summary), type: .lookalike, id: id))
        // The end can be read also after the connection has ended.
        #expect(state.close(.connectionLost("gone")).isEmpty)
        guard case .deliver(2, .end(summary), windowLimit: nil) = state.next(2, requestID: id, now: start)
        else {
            return #expect(Bool(false))
        }
        #expect(state.inFlightCount == 0)
    }

    @Test func streamReadHasADeadline() throws {
        let state = try ready()
        let action = state.submit(
            0, type: .lookalike, expecting: .single,
            stream: StreamState(windowBytes: 1_000, duration: .minutes(1)), deadline: start + .seconds(1),
            now: start)
        guard case .send(let id, _) = action, case .wait = state.next(1, requestID: id, now: start) else {
            return #expect(Bool(false))
        }
        // A frame without rows does not stop the deadline of the first rows.
        let none = AudienceRows(firstRow: 0, ids: .empty, scores: [])
        _ = state.receive(try bytes(.data(none), type: .data, id: id))
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        guard case .event = state.receive(try bytes(.data(rows), type: .data, id: id)) else {
            return #expect(Bool(false))
        }
        // The wait for each chunk is as long as for the first one, within the deadline of the stream.
        guard case .wait(let first) = state.next(2, requestID: id, now: start + .seconds(5)) else {
            return #expect(Bool(false))
        }
        #expect(first == start + .seconds(6))
        #expect(state.expire(now: start + .seconds(6)).expired.map(\.ticket) == [2])
        guard case .deliver(3, .failed(let error), nil) = state.next(3, requestID: id, now: start) else {
            return #expect(Bool(false))
        }
        #expect(error.name == "DEADLINE_EXCEEDED")
    }

    @Test func secondReaderIsRefusedAndFirstIsServed() throws {
        let state = try ready()
        let action = state.submit(
            0, type: .lookalike, expecting: .single, stream: StreamState(windowBytes: 1_000),
            deadline: start + .seconds(1), now: start)
        guard case .send(let id, _) = action, case .wait = state.next(1, requestID: id, now: start) else {
            return #expect(Bool(false))
        }
        guard case .deliver(2, .failed(.concurrentRead), nil) = state.next(2, requestID: id, now: start)
        else { return #expect(Bool(false), "the second reader waits") }
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        guard
            case .event(1, .rows(rows), id, nil) = state.receive(try bytes(.data(rows), type: .data, id: id))
        else { return #expect(Bool(false), "the first reader has no rows") }
    }

    @Test func streamHasADeadline() throws {
        let state = try ready()
        _ = state.submit(
            0, type: .lookalike, expecting: .single,
            stream: StreamState(windowBytes: 1_000, duration: .minutes(1)), deadline: start + .seconds(50),
            now: start)
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        _ = state.receive(try bytes(.data(rows), type: .data, id: 2))
        guard case .deliver = state.next(1, requestID: 2, now: start + .seconds(58)),
            case .wait(let moment) = state.next(1, requestID: 2, now: start + .seconds(59))
        else { return #expect(Bool(false)) }
        #expect(moment == start + .minutes(1))
        #expect(state.expire(now: start + .minutes(1)).expired.map(\.ticket) == [1])
    }

    @Test func framesAfterTheEndOfAStreamAreAnError() throws {
        let state = try ready()
        _ = state.submit(
            0, type: .lookalike, expecting: .single, stream: StreamState(windowBytes: 1_000),
            deadline: start + .seconds(1), now: start)
        let summary = LookalikeSummary(origin: AnswerOrigin(model: ModelName("m")!, version: 1))
        let end = try bytes(.lookalike(summary), type: .lookalike, id: 2)
        guard case .proceed = state.receive(end), case .close = state.receive(end) else {
            return #expect(Bool(false))
        }
    }

    @Test func onlyAFailureMayComeBeforeTheLastSeed() throws {
        for message in [
            ServerMessage.data(AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])),
            .lookalike(LookalikeSummary(origin: AnswerOrigin(model: ModelName("m")!, version: 1))),
            .failure(ErrorReply(.unknownModel("m"))),
        ] {
            let state = try ready()
            var stream = StreamState(windowBytes: 1_000)
            stream.seedsHaveEnded = false
            _ = state.submit(
                0, type: .lookalike, expecting: .single, stream: stream, deadline: start + .seconds(1),
                now: start)
            let action = state.receive(try bytes(message, type: .lookalike, id: 2))
            let isClosed = if case .close = action { true } else { false }
            let isFailure = if case .failure = message { true } else { false }
            #expect(isClosed != isFailure)
        }
    }
}
