import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Testing

/// The decisions about look-alike streams, with numbers as tickets and a clock made by hand.
@Suite struct ConnectionStateStreamTests: ConnectionStateSuite {
    /// A reader waits for the first rows of a stream that was sent. Returns the id of the request.
    private func waiting(
        _ reader: Int, _ state: ConnectionDriver, _ sent: ConnectionState<Int>.SubmitAction
    ) throws -> UInt64 {
        var requestID: UInt64?
        if case .send(let id, _) = sent { requestID = id }
        let id = try #require(requestID, "\(sent)")
        let read = state.next(reader, requestID: id, now: start)
        if case .wait = read { return id }
        Issue.record("\(read)")
        return id
    }

    @Test func streamReaderGetsRowsThenTheEnd() throws {
        let state = try ready()
        let sent = state.submit(
            0, type: .lookalike, expecting: .single, stream: StreamState(windowBytes: 1_000),
            deadline: start + .seconds(1), now: start)
        let id = try waiting(1, state, sent)
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4, 5]), scores: [2, 1])
        let received = state.receive(
            try bytes(.data(rows), type: .data, id: id))
        guard case .event(1, .rows(rows), id, windowLimit: nil) = received else {
            Issue.record("\(received)")
            return
        }
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
        let end = state.next(2, requestID: id, now: start)
        guard case .deliver(2, .end(summary), windowLimit: nil) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(state.inFlightCount == 0)
    }

    @Test func streamReadHasADeadline() throws {
        let state = try ready()
        let sent = state.submit(
            0, type: .lookalike, expecting: .single,
            stream: StreamState(windowBytes: 1_000, duration: .minutes(1)), deadline: start + .seconds(1),
            now: start)
        let id = try waiting(1, state, sent)
        // A frame without rows does not stop the deadline of the first rows.
        let none = AudienceRows(firstRow: 0, ids: .empty, scores: [])
        _ = state.receive(try bytes(.data(none), type: .data, id: id))
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        let received = state.receive(try bytes(.data(rows), type: .data, id: id))
        guard case .event = received else {
            Issue.record("\(received)")
            return
        }
        // The wait for each chunk is as long as for the first one, within the deadline of the stream.
        let second = state.next(2, requestID: id, now: start + .seconds(5))
        guard case .wait(let first) = second else {
            Issue.record("\(second)")
            return
        }
        #expect(first == start + .seconds(6))
        #expect(state.expire(now: start + .seconds(6)).expired.map(\.ticket) == [2])
        let third = state.next(3, requestID: id, now: start)
        guard case .deliver(3, .failed(let error), nil) = third else {
            Issue.record("\(third)")
            return
        }
        #expect(error.name == "DEADLINE_EXCEEDED")
    }

    @Test func secondReaderIsRefusedAndFirstIsServed() throws {
        let state = try ready()
        let sent = state.submit(
            0, type: .lookalike, expecting: .single, stream: StreamState(windowBytes: 1_000),
            deadline: start + .seconds(1), now: start)
        let id = try waiting(1, state, sent)
        let second = state.next(2, requestID: id, now: start)
        guard case .deliver(2, .failed(.concurrentRead), nil) = second else {
            Issue.record("the second reader waits: \(second)")
            return
        }
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        let received = state.receive(try bytes(.data(rows), type: .data, id: id))
        guard case .event(1, .rows(rows), id, nil) = received else {
            Issue.record("the first reader has no rows: \(received)")
            return
        }
    }

    @Test func streamHasADeadline() throws {
        let state = try ready()
        _ = state.submit(
            0, type: .lookalike, expecting: .single,
            stream: StreamState(windowBytes: 1_000, duration: .minutes(1)), deadline: start + .seconds(50),
            now: start)
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        _ = state.receive(try bytes(.data(rows), type: .data, id: 2))
        let first = state.next(1, requestID: 2, now: start + .seconds(58))
        let second = state.next(1, requestID: 2, now: start + .seconds(59))
        guard case .deliver = first, case .wait(let moment) = second else {
            Issue.record("\(first), then \(second)")
            return
        }
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
        let first = state.receive(end)
        let second = state.receive(end)
        guard case .proceed = first, case .close = second else {
            Issue.record("\(first), then \(second)")
            return
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
