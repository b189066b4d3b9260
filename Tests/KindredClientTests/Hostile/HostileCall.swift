import KindredClient
import KindredDomain
import NIOCore

/// The calls that a client makes to a hostile peer. Streams are read to their end.
enum HostileCall: CaseIterable, Sendable {
    case recommend, recommendBatch, score, vectors
    case audience, audienceByScore, audienceByShare, audienceOfManySeeds
    case models, activate, rollback, health, stats, ping, pingTwice

    static let model = ModelName("shop")!
    static let version: UInt64 = 4
    static let candidates: [ExternalID] = [7, 50] + (101...110).map { .number($0) }
    static let seeds: [ExternalID] = [1, 2, 2, 99_999]

    func make(_ client: KindredClient) async throws {
        let pinned = CallOptions(model: Self.model, version: Self.version)
        switch self {
        case .recommend:
            var options = RecommendOptions()
            options.call = pinned
            options.exclude = [50]
            options.candidates = Self.candidates
            options.minimumScore = 0.1
            options.columns = ["price"]
            _ = try await client.recommend(.item(7), k: 5, options: options)
        case .recommendBatch:
            var options = RecommendOptions()
            options.call.model = Self.model
            options.columns = ["price"]
            for answer in try await client.recommendBatch(
                [.item(7), .item(8), .item(9)], k: 2, options: options)
            {
                _ = try answer.get()
            }
        case .score:
            var options = ScoreOptions()
            options.call = pinned
            _ = try await client.score(.item(7), candidates: [101, 5, 102], options: options)
        case .vectors: _ = try await client.vectors(of: [101, 5, 102], side: .items, options: pinned)
        case .audience: try await read(client, Self.seeds, .count(6))
        case .audienceByScore: try await read(client, Self.seeds, .minimumScore(0.5))
        case .audienceByShare: try await read(client, Self.seeds, .share(partsPerMillion: 300_000))
        case .audienceOfManySeeds: try await read(client, ManySeeds(), .count(6))
        case .models: _ = try await client.models()
        case .activate: _ = try await client.activate(model: Self.model, version: 3)
        case .rollback: _ = try await client.rollback(model: Self.model)
        case .health: _ = try await client.health()
        case .stats: _ = try await client.stats()
        case .ping: _ = try await client.ping()
        case .pingTwice: for _ in 0..<2 { _ = try await client.ping() }
        }
    }

    private func read(
        _ client: KindredClient, _ seeds: some Sequence<ExternalID> & Sendable, _ size: AudienceSize
    ) async throws {
        var options = LookalikeOptions()
        options.call = CallOptions(model: Self.model, version: Self.version)
        let stream = try await client.lookalike(seeds: seeds, size: size, options: options)
        for try await _ in stream {}
        _ = try await stream.summary()
    }
}

/// More seeds than the buffers of two sockets hold.
private struct ManySeeds: Sequence, IteratorProtocol, Sendable {
    private var number: UInt64 = 0

    mutating func next() -> ExternalID? {
        guard number < 4_000_000 else { return nil }
        number += 1
        return .number(number)
    }
}
