import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import TestSupport
import Testing

/// The connection's decisions, with numbers as tickets and a clock made by hand.
@Suite struct ConnectionStateTests {
    private typealias Action = ConnectionState<Int>.Action

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func bytes(_ message: ServerMessage, type: MessageType, id: UInt64) throws -> [UInt8] {
        var writer = ByteWriter()
        try message.encode(replyTo: type.rawValue, requestID: id, bodyBytesMax: 4 << 20, into: &writer)
        return writer.bytes
    }

    /// A state that has been through preface and HELLO.
    private func ready(limits: Limits = .standard) throws -> Driver {
        let state = Driver()
        var writer = ByteWriter()
        ServerPreface().encode(into: &writer)
        _ = state.receive(writer.bytes)
        let hello = HelloReply(limits: limits, serverName: "s", defaultModel: nil)
        _ = state.receive(try bytes(.helloOK(hello), type: .hello, id: 1))
        #expect(state.isReady)
        return state
    }

    private func submit(_ state: Driver, _ ticket: Int, after milliseconds: Int64 = 1_000) -> UInt64? {
        let action = state.submit(
            ticket, type: .ping, expecting: .single, deadline: start + .milliseconds(milliseconds), now: start
        )
        if case .send(let id, _) = action { return id }
        return nil
    }

    @Test func framesMayArriveByteByByte() throws {
        let state = Driver()
        var writer = ByteWriter()
        ServerPreface().encode(into: &writer)
        let hello = HelloReply(limits: .standard, serverName: "s", defaultModel: ModelName("m"))
        let all = writer.bytes + (try bytes(.helloOK(hello), type: .hello, id: 1))
        var pending: [UInt8] = []
        var isOpened = false
        for (index, byte) in all.enumerated() {
            pending.append(byte)
            let (consumed, action) = state.step(pending)
            pending.removeFirst(consumed)
            if case .opened(let reply) = action {
                #expect(index == all.count - 1)
                #expect(reply == hello)
                isOpened = true
            }
        }
        #expect(isOpened)
        #expect(pending.isEmpty)
    }

    @Test func nothingIsSentBeforeHelloOrAfterTheEnd() throws {
        let fresh = Driver()
        #expect(submit(fresh, 1) == nil)
        let state = try ready()
        #expect(state.close(.connectionLost("gone")).isEmpty)
        guard
            case .refuse(7, let error) = state.submit(
                7, type: .ping, expecting: .single, deadline: start + .seconds(1), now: start)
        else { return #expect(Bool(false)) }
        #expect(error.isNotProcessed)
    }

    @Test func requestIDsAscendFromHello() throws {
        let state = try ready()
        #expect(submit(state, 1) == 2)
        #expect(submit(state, 2) == 3)
        #expect(state.inFlightCount == 2)
        guard case .reply(2, .pong(9)) = state.receive(try bytes(.pong(9), type: .ping, id: 3))
        else { return #expect(Bool(false)) }
        #expect(submit(state, 3) == 4)
    }

    @Test func requestsInFlightAreLimited() throws {
        var limits = Limits.standard
        limits.requestsInFlightMax = 2
        let state = try ready(limits: limits)
        #expect(submit(state, 1) != nil)
        #expect(submit(state, 2) != nil)
        #expect(submit(state, 3) == nil)
        // A request nobody waits for keeps its slot until its END.
        #expect(state.abandon(2, now: start).ticket == 1)
        #expect(submit(state, 4) == nil)
        _ = state.receive(try bytes(.failure(ErrorReply(.cancelled)), type: .ping, id: 2))
        #expect(submit(state, 5) != nil)
    }

    @Test func deadlinesExpireInTurn() throws {
        let state = try ready()
        _ = submit(state, 1, after: 100)
        _ = submit(state, 2, after: 300)
        _ = submit(state, 3, after: 200)
        let early = state.expire(now: start + .milliseconds(99))
        #expect(early.expired.isEmpty)
        #expect(early.next == start + .milliseconds(100))
        let middle = state.expire(now: start + .milliseconds(200))
        #expect(middle.expired.map(\.ticket) == [1, 3])
        #expect(middle.next == start + .milliseconds(300))
        let last = state.expire(now: start + .seconds(1))
        #expect(last.expired.map(\.ticket) == [2])
        // What is left is the END that the server owes to the first two.
        #expect(last.next == start + .milliseconds(200 + Limits.replyOwedMilliseconds))
        // All slots are kept until the server has answered.
        #expect(state.inFlightCount == 3)
        #expect(submit(state, 4, after: 0) == nil)
    }

    @Test func everyTicketComesBackOnce() throws {
        let state = try ready()
        for ticket in 0..<10 { _ = submit(state, ticket) }
        #expect(state.abandon(2, now: start).ticket == 0)
        #expect(state.abandon(2, now: start).ticket == nil)
        #expect(state.close(.connectionLost("gone")).map(\.ticket) == Array(1..<10))
        #expect(state.close(.connectionLost("gone")).isEmpty)
    }

    @Test func goAwayFailsWhatCameTooLate() throws {
        let state = try ready()
        for ticket in 0..<4 { _ = submit(state, ticket) }
        let goAway = GoAway(status: .draining, lastRequestID: 3)
        guard
            case .draining(_, notProcessed: [2, 3]) = state.receive(
                try bytes(.goAway(goAway), type: .goAway, id: 0))
        else { return #expect(Bool(false)) }
        let early = state.isDrained
        #expect(!early)
        #expect(submit(state, 9) == nil)
        _ = state.receive(try bytes(.pong(0), type: .ping, id: 2))
        _ = state.receive(try bytes(.pong(0), type: .ping, id: 3))
        let drained = state.isDrained
        #expect(drained)
    }

    @Test func aStreamsReaderGetsRowsThenTheEnd() throws {
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
        // The deadline ran to the first rows; nobody waits for the next ones yet.
        #expect(state.expire(now: start + .minutes(59)).expired.isEmpty)
        var summary = LookalikeSummary(origin: AnswerOrigin(model: ModelName("m")!, version: 1))
        var checksum = AudienceChecksum()
        checksum.update(rows.ids)
        summary.rows = 2
        summary.checksum = checksum.value
        _ = state.receive(try bytes(.lookalike(summary), type: .lookalike, id: id))
        // The end waits for its reader, also when the connection ends before.
        #expect(state.close(.connectionLost("gone")).isEmpty)
        guard case .deliver(2, .end(summary), windowLimit: nil) = state.next(2, requestID: id, now: start)
        else {
            return #expect(Bool(false))
        }
        #expect(state.inFlightCount == 0)
    }

    @Test func whatHasNotLeftWasNotProcessed() throws {
        let state = try ready()
        for ticket in 0..<4 { _ = submit(state, ticket) }
        // Ids 2 and 3 may have left, 4 and 5 have not.
        let tickets = state.close(.connectionLost("gone"), begunThrough: 3)
        #expect(tickets.map(\.ticket) == [0, 1, 2, 3])
        #expect(tickets.map(\.error.isNotProcessed) == [false, false, true, true])
        #expect(tickets.allSatisfy { $0.error.isRetryable })
    }

    @Test func aGoodbyeWithoutAReasonIsNoSuccess() throws {
        let state = try ready()
        _ = submit(state, 1)
        guard
            case .draining(let message, notProcessed: [1]) = state.receive(
                try bytes(.goAway(GoAway(status: .ok, lastRequestID: 1)), type: .goAway, id: 0))
        else { return #expect(Bool(false)) }
        let error = KindredError(message)
        #expect(error.name == "CONNECTION_LOST")
        #expect(error.message.contains("closed the connection"))
        #expect(error.isNotProcessed && error.isRetryable)
    }

    @Test func aGoodbyeForAViolationEndsTheConnection() throws {
        let state = try ready()
        for ticket in 0..<2 { _ = submit(state, ticket) }
        let goAway = GoAway(status: .frameTooLarge, lastRequestID: 2)
        guard
            case .draining(let message, notProcessed: [1]) = state.receive(
                try bytes(.goAway(goAway), type: .goAway, id: 0))
        else { return #expect(Bool(false)) }
        #expect(KindredError(message).isNotProcessed)
        #expect(!KindredError(message).isRetryable)
        let error = state.endError
        #expect(error?.name == "FRAME_TOO_LARGE")
        #expect(error?.isNotProcessed == false)
    }

    @Test(arguments: [(Limits.unaskedFramesMax, true), (Limits.unaskedFramesMax + 1, false)])
    func unaskedFramesAreLimited(count: Int, isFine: Bool) throws {
        let state = try ready()
        _ = submit(state, 1)
        let goAway = try bytes(.goAway(GoAway(status: .draining, lastRequestID: 9)), type: .goAway, id: 0)
        var isClosed = false
        for _ in 0..<count { if case .close = state.receive(goAway) { isClosed = true } }
        #expect(isClosed != isFine)
    }

    @Test func anEndThatIsOwedTooLongEndsTheConnection() throws {
        let state = try ready()
        _ = submit(state, 1, after: 100)
        let expired = state.expire(now: start + .milliseconds(100))
        #expect(expired.expired.map(\.ticket) == [1])
        let owedBy = try #require(expired.next)
        #expect(owedBy == start + .milliseconds(100 + Limits.replyOwedMilliseconds))
        _ = state.expire(now: owedBy - .nanoseconds(1))
        let early = state.endError
        #expect(early == nil)
        _ = state.expire(now: owedBy)
        let late = state.endError
        #expect(late?.name == "CONNECTION_LOST")
    }

    @Test func aStreamsReaderDoesNotWaitForEver() throws {
        let state = try ready()
        let action = state.submit(
            0, type: .lookalike, expecting: .single,
            stream: StreamState(windowBytes: 1_000, duration: .minutes(1)), deadline: start + .seconds(1),
            now: start)
        guard case .send(let id, _) = action, case .wait = state.next(1, requestID: id, now: start) else {
            return #expect(Bool(false))
        }
        // Rows without ids are none: the deadline of the first ones still runs.
        let none = AudienceRows(firstRow: 0, ids: .empty, scores: [])
        _ = state.receive(try bytes(.data(none), type: .data, id: id))
        let rows = AudienceRows(firstRow: 0, ids: .numbers([4]), scores: [2])
        guard case .event = state.receive(try bytes(.data(rows), type: .data, id: id)) else {
            return #expect(Bool(false))
        }
        // From chunk to chunk as long as to the first, and never beyond the end of the whole.
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

    @Test func aSecondReaderIsRefusedAndTheFirstGoesOn() throws {
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
        guard case .event(1, .rows(rows), id, nil) = state.receive(try bytes(.data(rows), type: .data, id: id))
        else { return #expect(Bool(false), "the first reader has no rows") }
    }

    @Test func aStreamEndsWhateverComes() throws {
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

    @Test func nothingMayFollowTheEndOfAStream() throws {
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

    @Test func nothingButAFailureComesBeforeTheLastSeed() throws {
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

    @Test func anAnswerInManyFramesIsBounded() throws {
        let state = try ready()
        let request = RecommendRequest(
            scope: QueryScope(queries: .users(.numbers(Array(0..<1_000))), target: .items), k: 1)
        _ = state.submit(
            1, type: .recommend, expecting: .recommend(queries: 1_000, resultsPerQueryMax: Int(request.k)),
            deadline: start + .seconds(1), now: start)
        let part = RecommendResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1),
            outcomes: [QueryOutcome(rowsEligible: 0, rowsScanned: 0)], offsets: [0, 0], ids: .empty,
            scores: [], columns: [])
        var frame = HostileFrame(.recommend(part), type: MessageType.recommend.rawValue, id: 2)
        frame.header.flags = []
        // A section that nobody knows makes the body as large as it may be.
        let room = Int(Limits.standard.bodyBytesMax) - frame.body.count - 8
        frame.body += [0, 0xF0, 0, 0] + withUnsafeBytes(of: UInt32(room).littleEndian) { Array($0) }
        frame.body += [UInt8](repeating: 0, count: room)
        frame.header.bodyLength = UInt32(frame.body.count)
        let framesMax = Limits.replyBytesHeldMax / frame.body.count
        for query in 0..<framesMax {
            frame.store(UInt32(query), at: 24)
            guard case .proceed = state.receive(frame.bytes) else { return #expect(Bool(false), "\(query)") }
        }
        frame.store(UInt32(framesMax), at: 24)
        guard case .close(let error) = state.receive(frame.bytes) else { return #expect(Bool(false)) }
        #expect(error.name == "PROTOCOL_ERROR")
    }

    @Test func randomBytesNeverTrap() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let state = try ready()
            _ = submit(state, 1)
            var frame = try bytes(.pong(1), type: .ping, id: 2)
            for _ in 0..<3 {
                frame[Int.random(in: 0..<frame.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            let (consumed, _) = state.step(frame)
            #expect(consumed <= frame.count, "seed \(seed)")
        }
    }
}

/// Holds the state, which cannot be copied, and so not be captured by the macros.
private final class Driver {
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
