import KindredClient
import KindredDomain
import KindredModel
import KindredPack
import Testing
import TestSupport

/// Audiences over the wire are complete, in order and exact, and delay no other request.
@Suite(.serialized) struct LookalikeTests {
    private static let dimension = 16

    /// A server with two models of the same users: one with numbers as ids, one with texts.
    private static func server(
        _ rows: [[Float]], limits: Limits = .standard
    ) async throws -> RunningServer {
        let folder = try TemporaryFolder()
        try folder.pack("numbers", users: rows)
        var packer = Packer(root: folder.file("models"), name: ModelName("texts")!, metric: .dot)
        packer.users = PackInput(
            vectors: try folder.write("texts.npy", NpyBytes.floats(rows)),
            ids: try folder.write("texts.txt", rows.indices.map { Self.text($0) }.joined(separator: "\n")))
        _ = try packer.run()
        return try await RunningServer(folder, limits: limits)
    }

    /// Texts that sort as their rows do.
    private static func text(_ row: Int) -> String { "user-" + String(String(1_000_000 + row).dropFirst()) }

    private static func options(_ model: String) -> LookalikeOptions {
        var options = LookalikeOptions()
        options.call.model = ModelName(model)
        return options
    }

    @Test func audiencesEqualTheOracle() async throws {
        var generator = SeededGenerator.announced()
        let rowCount = isOptimised ? 60_000 : 6_000
        let rows = VectorShape.duplicated.rows(count: rowCount, dimension: Self.dimension, using: &generator)
        let oracle = Oracle(rows: rows)
        let seeds = Set((0..<200).map { _ in Int.random(in: 0..<rowCount, using: &generator) })
        let wanted = oracle.best(oracle.mean(Array(seeds)), k: rowCount, similarity: .cosine) {
            !seeds.contains($0)
        }
        let server = try await Self.server(rows)
        try await server.withClient { (client: KindredClient) async throws in
            for (model, id) in [
                ("numbers", { ExternalID.number(UInt64($0) * 3) }), ("texts", { ExternalID(Self.text($0)) }),
            ] as [(String, (Int) -> ExternalID)] {
                for size in [AudienceSize.count(1_234), .share(partsPerMillion: 1_000_000)] {
                    let ids = seeds.map(id) + ["nobody", "nobody either"]
                    let stream = try await client.lookalike(
                        seeds: ids, size: size, options: Self.options(model))
                    var found: [(ExternalID, UInt32)] = []
                    for try await chunk in stream { found += zip(chunk.ids, chunk.scores.map(\.bitPattern)) }
                    let summary = try await stream.summary()
                    let expected = wanted.prefix(size == .count(1_234) ? 1_234 : rowCount)
                    #expect(found.map(\.0) == expected.map { id($0.row) }, "\(model) \(size)")
                    #expect(found.map(\.1) == expected.map(\.score.bitPattern), "\(model) \(size)")
                    #expect(summary.seedsMatched == UInt64(seeds.count))
                    #expect(summary.seedsUnmatched == 2)
                    #expect(summary.unmatchedExamples == ["nobody", "nobody either"])
                    #expect(summary.eligible == UInt64(rowCount - seeds.count))
                }
            }
        }
        await server.stop()
    }

    /// An audience of more rows than the server writes in one step arrives whole. The client checks order and checksum.
    @Test(.timeLimit(.minutes(2))) func audienceOfManyStepsIsWhole() async throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 60_000, dimension: 4, using: &generator)
        let server = try await Self.server(rows)
        try await server.withClient { (client: KindredClient) async throws in
            let stream = try await client.lookalike(
                seeds: [0, 3, 6], size: .share(partsPerMillion: 1_000_000), options: Self.options("numbers"))
            var ids: Set<ExternalID> = []
            var count = 0
            for try await chunk in stream {
                ids.formUnion(chunk.ids)
                count += chunk.ids.count
            }
            #expect(count == rows.count - 3 && ids.count == count)
            let summary = try await stream.summary()
            #expect(summary.eligible == UInt64(count))
        }
        await server.stop()
    }

    /// Streams that are not read delay neither requests nor each other. A stream beyond the limit is refused.
    @Test func unreadStreamsDelayNothing() async throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 50_000, dimension: Self.dimension, using: &generator)
        let server = try await Self.server(rows)
        var configuration = ClientConfiguration()
        configuration.windowBytes = 1
        configuration.attemptsMax = 1
        let client = KindredClient(server.endpoint, configuration: configuration)
        func open() async throws -> AudienceStream {
            try await client.lookalike(
                seeds: [0, 3, 6], size: .share(partsPerMillion: 1_000_000), options: Self.options("numbers"))
        }
        let first = try await open()
        let second = try await open()
        var readers = [first.makeAsyncIterator(), second.makeAsyncIterator()]
        // The window is one DATA frame. The other rows wait in the server.
        var counts: [Int] = []
        for index in 0..<2 {
            let chunk = try await readers[index].next()
            #expect(chunk?.firstRow == 0)
            counts.append(chunk?.ids.count ?? 0)
            #expect(counts[index] < 25_000)
        }
        let third = try await open()
        await #expect { try await third.summary() } throws: {
            ($0 as? KindredError)?.name == "LIMIT_EXCEEDED"
        }
        for user in 0..<50 {
            var options = RecommendOptions()
            options.call.model = ModelName("numbers")
            options.target = .users
            let answer = try await client.recommend(.user(.number(UInt64(user) * 3)), k: 5, options: options)
            #expect(answer.results.count == 5)
        }
        // Both still deliver everything.
        for index in 0..<2 {
            while let chunk = try await readers[index].next() { counts[index] += chunk.ids.count }
            #expect(counts[index] == rows.count - 3)
        }
        await client.close()
        await server.stop()
    }

    /// A reader that reads nothing more, or takes too long for all rows, loses its stream. The server frees its memory
    /// before the reader goes on.
    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func slowReadersAreEnded(isPaceShort: Bool) async throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 30_000, dimension: 4, using: &generator)
        var limits = Limits.standard
        if isPaceShort { limits.streamProgressMilliseconds = 50 } else { limits.streamMillisecondsMax = 50 }
        let server = try await Self.server(rows, limits: limits)
        var configuration = ClientConfiguration()
        // On one connection, STATS is answered after the stream was opened.
        configuration.connectionsPerEndpoint = 1
        configuration.windowBytes = 1
        configuration.attemptsMax = 1
        let client = KindredClient(server.endpoint, configuration: configuration)
        let stream = try await client.lookalike(
            seeds: [0, 3, 6], size: .share(partsPerMillion: 1_000_000), options: Self.options("numbers"))
        while try await client.stats()["streams_open"] != 0 {}
        await #expect { try await stream.summary() } throws: {
            ($0 as? KindredError)?.name == "SLOW_CONSUMER"
        }
        await client.close()
        await server.stop()
    }

    @Test func failuresOfAnExpansionAreNamed() async throws {
        let rows: [[Float]] = [[1, 0], [-1, 0], [0, 1], [2, 2]]
        let server = try await Self.server(rows)
        try await server.withClient { (client: KindredClient) async throws in
            func failure(_ seeds: [ExternalID], _ size: AudienceSize = .count(2), _ model: String = "numbers")
                async throws
                -> String?
            {
                do throws(KindredError) {
                    _ = try await client.lookalike(seeds: seeds, size: size, options: Self.options(model))
                        .summary()
                    return nil
                } catch {
                    return error.name
                }
            }
            #expect(try await failure([]) == "INVALID_ARGUMENT")
            #expect(try await failure([1, 2]) == "UNKNOWN_ID")
            #expect(try await failure([0, 3]) == "INVALID_ARGUMENT")
            #expect(try await failure([0], .count(0)) == "INVALID_ARGUMENT")
            #expect(try await failure([0], .share(partsPerMillion: 1_000_001)) == "INVALID_ARGUMENT")
            #expect(try await failure([0], .count(1), "absent") == "UNKNOWN_MODEL")
            #expect(try await failure([17], .count(1), "texts") == "INVALID_ARGUMENT")
            #expect(try await failure([0], .count(1)) == nil)
        }
        await server.stop()
    }
}
