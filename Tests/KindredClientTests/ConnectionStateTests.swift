import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import TestSupport
import Testing

/// The decisions about a connection and its requests, with numbers as tickets and a clock made by hand.
@Suite struct ConnectionStateTests: ConnectionStateSuite {
    @Test func framesMayArriveByteByByte() throws {
        let state = ConnectionDriver()
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

    @Test func requestsBeforeHelloAndAfterTheEndAreRefused() throws {
        let fresh = ConnectionDriver()
        #expect(submit(fresh, 1) == nil)
        let state = try ready()
        #expect(state.close(.connectionLost("gone")).isEmpty)
        let action = state.submit(
            7, type: .ping, expecting: .single, deadline: start + .seconds(1), now: start)
        guard case .refuse(7, let error) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(error.isNotProcessed)
    }

    @Test func requestIDsAscendFromHello() throws {
        let state = try ready()
        #expect(submit(state, 1) == 2)
        #expect(submit(state, 2) == 3)
        #expect(state.inFlightCount == 2)
        let action = state.receive(try bytes(.pong(9), type: .ping, id: 3))
        guard case .reply(2, .pong(9)) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(submit(state, 3) == 4)
    }

    @Test func requestsInFlightAreLimited() throws {
        var limits = Limits.standard
        limits.requestsInFlightMax = 2
        let state = try ready(limits: limits)
        #expect(submit(state, 1) != nil)
        #expect(submit(state, 2) != nil)
        #expect(submit(state, 3) == nil)
        // A request that was given up keeps its slot until its END.
        #expect(state.abandon(2, now: start).ticket == 1)
        #expect(submit(state, 4) == nil)
        _ = state.receive(try bytes(.failure(ErrorReply(.cancelled)), type: .ping, id: 2))
        #expect(submit(state, 5) != nil)
    }

    @Test func deadlinesExpireInOrder() throws {
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
        // The server still owes the END of the first two.
        #expect(last.next == start + .milliseconds(200 + Limits.replyOwedMilliseconds))
        // All requests keep their slots until the server has answered.
        #expect(state.inFlightCount == 3)
        #expect(submit(state, 4, after: 0) == nil)
    }

    @Test func everyTicketIsReturnedOnce() throws {
        let state = try ready()
        for ticket in 0..<10 { _ = submit(state, ticket) }
        #expect(state.abandon(2, now: start).ticket == 0)
        #expect(state.abandon(2, now: start).ticket == nil)
        #expect(state.close(.connectionLost("gone")).map(\.ticket) == Array(1..<10))
        #expect(state.close(.connectionLost("gone")).isEmpty)
    }

    @Test func goAwayFailsLaterRequests() throws {
        let state = try ready()
        for ticket in 0..<4 { _ = submit(state, ticket) }
        let goAway = GoAway(status: .draining, lastRequestID: 3)
        let action = state.receive(
            try bytes(.goAway(goAway), type: .goAway, id: 0))
        guard case .draining(_, notProcessed: [2, 3]) = action else {
            Issue.record("\(action)")
            return
        }
        let early = state.isDrained
        #expect(!early)
        #expect(submit(state, 9) == nil)
        _ = state.receive(try bytes(.pong(0), type: .ping, id: 2))
        _ = state.receive(try bytes(.pong(0), type: .ping, id: 3))
        let drained = state.isDrained
        #expect(drained)
    }

    @Test func unsentRequestsAreNotProcessed() throws {
        let state = try ready()
        for ticket in 0..<4 { _ = submit(state, ticket) }
        // Requests 2 and 3 may have been sent, 4 and 5 were not.
        let tickets = state.close(.connectionLost("gone"), begunThrough: 3)
        #expect(tickets.map(\.ticket) == [0, 1, 2, 3])
        #expect(tickets.map(\.error.isNotProcessed) == [false, false, true, true])
        #expect(tickets.allSatisfy { $0.error.isRetryable })
    }

    @Test func goAwayWithStatusOKIsAnError() throws {
        let state = try ready()
        _ = submit(state, 1)
        let action = state.receive(
            try bytes(.goAway(GoAway(status: .ok, lastRequestID: 1)), type: .goAway, id: 0))
        guard case .draining(let message, notProcessed: [1]) = action else {
            Issue.record("\(action)")
            return
        }
        let error = KindredError(message)
        #expect(error.name == "CONNECTION_LOST")
        #expect(error.message.contains("closed the connection"))
        #expect(error.isNotProcessed && error.isRetryable)
    }

    @Test func goAwayForAViolationEndsTheConnection() throws {
        let state = try ready()
        for ticket in 0..<2 { _ = submit(state, ticket) }
        let goAway = GoAway(status: .frameTooLarge, lastRequestID: 2)
        let action = state.receive(
            try bytes(.goAway(goAway), type: .goAway, id: 0))
        guard case .draining(let message, notProcessed: [1]) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(KindredError(message).isNotProcessed)
        #expect(!KindredError(message).isRetryable)
        let error = state.endError
        #expect(error?.name == "FRAME_TOO_LARGE")
        #expect(error?.isNotProcessed == false)
    }

    @Test(arguments: [(Limits.unaskedFramesMax, true), (Limits.unaskedFramesMax + 1, false)])
    func uselessFramesAreLimited(count: Int, isFine: Bool) throws {
        let state = try ready()
        _ = submit(state, 1)
        let goAway = try bytes(.goAway(GoAway(status: .draining, lastRequestID: 9)), type: .goAway, id: 0)
        var isClosed = false
        for _ in 0..<count { if case .close = state.receive(goAway) { isClosed = true } }
        #expect(isClosed != isFine)
    }

    @Test func missingEndEndsTheConnection() throws {
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

    @Test func bytesOfOneAnswerAreLimited() throws {
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
        // An unknown section fills the body up to its limit.
        let room = Int(Limits.standard.bodyBytesMax) - frame.body.count - 8
        frame.body += [0, 0xF0, 0, 0] + withUnsafeBytes(of: UInt32(room).littleEndian) { Array($0) }
        frame.body += [UInt8](repeating: 0, count: room)
        frame.header.bodyLength = UInt32(frame.body.count)
        let framesMax = Limits.replyBytesHeldMax / frame.body.count
        for query in 0..<framesMax {
            frame.store(UInt32(query), at: 24)
            let action = state.receive(frame.bytes)
            guard case .proceed = action else {
                Issue.record("\(query): \(action)")
                return
            }
        }
        frame.store(UInt32(framesMax), at: 24)
        let action = state.receive(frame.bytes)
        guard case .close(let error) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(error.name == "PROTOCOL_ERROR")
    }

    @Test func randomBytesNeverTrap() throws {
        var random = SeededGenerator.announced()
        let seed = random.seed
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
