import KindredClient
import KindredDomain
import KindredWire
import Testing

/// Look-alike streams against a peer that sends only as many bytes as the client grants.
@Suite(.timeLimit(.minutes(1))) struct AudienceStreamTests {
    static let rowCount = 40_000
    static let chunkRows = 500

    /// Sends all rows as far as the window allows, then the summary.
    final class Sender {
        private var next = 0
        private var sentBytes = 0
        private var limitBytes: UInt64 = 0
        private var checksum = AudienceChecksum()
        private(set) var windows = 0

        func raise(to limit: UInt64) {
            limitBytes = max(limitBytes, limit)
            windows += 1
        }

        func pump(_ header: FrameHeader, _ connection: PeerConnection, seeds: UInt64) {
            while next < AudienceStreamTests.rowCount {
                let ids = (next..<next + AudienceStreamTests.chunkRows).map { 1_000_000 + UInt64($0) * 7 }
                let bodyByteCount = 16 + 8 + ids.count * 8 + 8 + ids.count * 4
                guard UInt64(sentBytes + bodyByteCount) <= limitBytes else { return }
                let rows = AudienceRows(
                    firstRow: UInt64(next), ids: .numbers(ids), scores: ids.map { -Float($0) })
                checksum.update(rows.ids)
                sentBytes += connection.reply(.data(rows), to: header)
                next += ids.count
            }
            var summary = LookalikeSummary(origin: AnswerOrigin(model: ModelName("shop")!, version: 2))
            summary.rows = UInt64(next)
            summary.checksum = checksum.value
            summary.seedsReceived = seeds
            summary.seedsMatched = seeds
            summary.rowsEligible = UInt64(AudienceStreamTests.rowCount)
            connection.reply(.lookalike(summary), to: header)
            next += 1
        }
    }

    private func peer() async throws -> ScriptedPeer {
        try await ScriptedPeer.start { header, message, connection in
            switch message {
            case .lookalike(let request):
                connection.sender = Sender()
                connection.sender?.raise(to: request.windowBytes)
                connection.kept.append((header, message))
            case .data(let seeds):
                connection.counter += UInt64(seeds.ids.count)
                guard header.isEnd, let open = connection.kept.first else { return }
                connection.sender?.pump(open.header, connection, seeds: connection.counter)
            case .window(let limit):
                guard let open = connection.kept.first else { return }
                connection.sender?.raise(to: limit)
                connection.sender?.pump(open.header, connection, seeds: connection.counter)
            default: break
            }
        }
    }

    private func client(_ peer: ScriptedPeer, windowBytes: UInt64 = 64 << 10) -> KindredClient {
        var configuration = ClientConfiguration()
        configuration.windowBytes = windowBytes
        return KindredClient(peer.endpoint, configuration: configuration)
    }

    @Test func allRowsArriveInOrderThroughASmallWindow() async throws {
        let peer = try await peer()
        let client = client(peer)
        let seeds = (0..<100_000).map { ExternalID.number(UInt64($0)) }
        let stream = try await client.lookalike(seeds: seeds, size: .count(UInt64(Self.rowCount)))
        var next: UInt64 = 0
        for try await chunk in stream {
            #expect(chunk.firstRow == next)
            #expect(chunk.ids.first == .number(1_000_000 + next * 7))
            #expect(chunk.scores.count == chunk.ids.count)
            next += UInt64(chunk.ids.count)
        }
        #expect(next == UInt64(Self.rowCount))
        let summary = try await stream.summary()
        #expect(summary.rows == UInt64(Self.rowCount))
        #expect(summary.seedsReceived == 100_000)
        #expect(summary.version == 2)
        await client.close()
        await peer.stop()
    }

    @Test func seedsOfAnAsyncSequenceAreSent() async throws {
        let peer = try await peer()
        let client = client(peer)
        let seeds = AsyncStream<ExternalID> { continuation in
            for number in 0..<1_000 { continuation.yield(ExternalID("user-\(number)")) }
            continuation.finish()
        }
        let stream = try await client.lookalike(seeds: seeds, size: .share(partsPerMillion: 1_000_000))
        #expect(try await stream.summary().seedsReceived == 1_000)
        await client.close()
        await peer.stop()
    }

    @Test func firstReadThrowsTheRefusal() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            if case .lookalike = message {
                connection.reply(.failure(ErrorReply(.unknownModel("nosuch"))), to: header)
            }
        }
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1, 2, 3], size: .count(5))
        var iterator = stream.makeAsyncIterator()
        do {
            let found = try await iterator.next()
            Issue.record("no error, but \(String(describing: found))")
        } catch {
            #expect(error.name == "UNKNOWN_MODEL")
        }
        await client.close()
        await peer.stop()
    }

    @Test func rowsBeyondTheWindowAreAProtocolError() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            guard case .data = message, header.isEnd else { return }
            // One body that is larger than the window.
            let rows = AudienceRows(firstRow: 0, ids: .numbers(Array(0..<40_000)), scores: [])
            connection.reply(.data(rows), to: header)
        }
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(5))
        do {
            let found = try await stream.summary()
            Issue.record("no error, but \(found)")
        } catch {
            #expect(error.name == "PROTOCOL_ERROR")
            #expect(error.code == StatusCode.flowControl.rawValue)
        }
        await client.close()
        await peer.stop()
    }

    @Test func releasingAStreamCancelsIt() async throws {
        let (cancels, seen) = AsyncStream.makeStream(of: UInt64.self)
        let peer = try await ScriptedPeer.start { header, message, connection in
            if case .cancel = message { seen.yield(header.requestID) }
        }
        let client = client(peer)
        var stream: AudienceStream? = try await client.lookalike(seeds: [1], size: .count(5))
        #expect(stream != nil)
        stream = nil
        var ids = cancels.makeAsyncIterator()
        #expect(await ids.next() == 2)
        await client.close()
        await peer.stop()
    }

    @Test func lostConnectionIsThrownAfterTheRows() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            guard case .data = message, header.isEnd else { return }
            var stream = header
            stream.type = MessageType.lookalike.rawValue
            connection.reply(
                .data(AudienceRows(firstRow: 0, ids: .numbers([2, 3]), scores: [2, 1])), to: stream)
            connection.close()
        }
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(5))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.ids == [2, 3])
        do {
            let found = try await iterator.next()
            Issue.record("no error, but \(String(describing: found))")
        } catch {
            #expect(error.name == "CONNECTION_LOST")
        }
        await client.close()
        await peer.stop()
    }

    /// A peer that keeps the stream open after the last seed, and a way to send rows and the end later.
    private func quietPeer() async throws -> (
        ScriptedPeer, opened: AsyncStream<@Sendable (ServerMessage) -> Void>
    ) {
        let (opened, seen) = AsyncStream.makeStream(of: (@Sendable (ServerMessage) -> Void).self)
        let peer = try await ScriptedPeer.start { header, message, connection in
            guard case .data = message, header.isEnd else { return }
            var stream = header
            stream.type = MessageType.lookalike.rawValue
            seen.yield(connection.replier(to: stream))
        }
        return (peer, opened)
    }

    private enum Read: Equatable {
        case ids([ExternalID]?)
        case failed(String)
    }

    private static func read(_ stream: AudienceStream) async -> Read {
        var iterator = stream.makeAsyncIterator()
        do throws(KindredError) {
            return .ids(try await iterator.next()?.ids)
        } catch {
            return .failed(error.name)
        }
    }

    @Test func secondConcurrentReadFailsAtOnce() async throws {
        let (peer, opened) = try await quietPeer()
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(5))
        var repliers = opened.makeAsyncIterator()
        let reply = try #require(await repliers.next())
        await withTaskGroup(of: Read.self) { group in
            for _ in 0..<2 { group.addTask { await Self.read(stream) } }
            // Nothing has been sent: only the refusal can come.
            #expect(await group.next() == .failed("CONCURRENT_READ"))
            reply(.data(AudienceRows(firstRow: 0, ids: .numbers([2, 3]), scores: [2, 1])))
            #expect(await group.next() == .ids([2, 3]))
        }
        // The refusal is not the end of the stream.
        reply(.data(AudienceRows(firstRow: 2, ids: .numbers([4]), scores: [0])))
        #expect(await Self.read(stream) == .ids([4]))
        await client.close()
        await peer.stop()
    }

    @Test func tasksThatTakeTurnsShareTheRows() async throws {
        let peer = try await peer()
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(UInt64(Self.rowCount)))
        let firstRows = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var iterator = stream.makeAsyncIterator()
                    var rows: [UInt64] = []
                    while true {
                        do {
                            guard let chunk = try await iterator.next() else { return rows }
                            rows.append(chunk.firstRow)
                        } catch let error as KindredError where error.name == "CONCURRENT_READ" {
                            await Task.yield()
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
        #expect(firstRows == Array(stride(from: 0, to: UInt64(Self.rowCount), by: Self.chunkRows)))
        #expect(try await stream.summary().rows == UInt64(Self.rowCount))
        await client.close()
        await peer.stop()
    }

    @Test func cancellingAReadEndsTheStream() async throws {
        let (peer, opened) = try await quietPeer()
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(5))
        var repliers = opened.makeAsyncIterator()
        _ = await repliers.next()
        let read = Task { await Self.read(stream) }
        read.cancel()
        #expect(await read.value == .failed("CANCELLED"))
        #expect(await Self.read(stream) == .failed("CANCELLED"))
        await client.close()
        await peer.stop()
    }

    @Test func closingTheClientEndsAWaitingRead() async throws {
        let (peer, opened) = try await quietPeer()
        let client = client(peer)
        let stream = try await client.lookalike(seeds: [1], size: .count(5))
        var repliers = opened.makeAsyncIterator()
        _ = await repliers.next()
        async let read = Self.read(stream)
        await client.close()
        #expect(await read == .failed("CONNECTION_LOST"))
        #expect(await Self.read(stream) == .failed("CONNECTION_LOST"))
        await peer.stop()
    }

    /// A server that wants progress at once gets a WINDOW for each read, long before half of the window is read.
    @Test func windowFollowsTheServersProgressTime() async throws {
        var limits = Limits.standard
        limits.streamProgressMilliseconds = 0
        let peer = try await ScriptedPeer.start(limits: limits) { header, message, connection in
            var stream = header
            stream.type = MessageType.lookalike.rawValue
            switch message {
            case .data:
                for first in stride(from: UInt64(0), to: 30, by: 10) {
                    let rows = AudienceRows(
                        firstRow: first, ids: .numbers(Array(first + 2..<first + 12)),
                        scores: (first..<first + 10).map { -Float($0) })
                    connection.reply(.data(rows), to: stream)
                }
            case .ping(let value): connection.reply(.pong(value), to: header)
            case .window:
                connection.counter += 1
                if connection.counter == 1 { connection.reply(.failure(ErrorReply(.cancelled)), to: stream) }
            default: break
            }
        }
        let client = client(peer, windowBytes: 4 << 20)
        let stream = try await client.lookalike(seeds: [1], size: .count(40))
        // The pong comes behind the rows: they have arrived.
        _ = try await client.ping()
        var reads: [Read] = []
        for _ in 0..<4 { reads.append(await Self.read(stream)) }
        #expect(reads.last == .failed("CANCELLED"))
        await client.close()
        await peer.stop()
    }
}
