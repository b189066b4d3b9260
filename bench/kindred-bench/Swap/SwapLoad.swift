import KindredClient
import Synchronization

/// Connections that send requests without pause, one in flight each, and check every answer.
final class SwapLoad: Sendable {
    private static let failuresMax = 1_000

    private let model: ScaledModel
    private let endpoint: Endpoint
    private let phaseNow = Atomic<Int>(SwapPhase.steady.rawValue)
    private let isStopping = Atomic<Bool>(false)

    init(model: ScaledModel, endpoint: Endpoint) {
        self.model = model
        self.endpoint = endpoint
    }

    /// The phase under which requests ending from now on are counted.
    var phase: SwapPhase {
        get { SwapPhase(rawValue: phaseNow.load(ordering: .relaxed)) ?? .steady }
        set { phaseNow.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Makes every connection stop after its current request.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// Runs until `stop`.
    func run(connections: Int) async -> SwapTally {
        await withTaskGroup(of: SwapTally.self) { group in
            for connection in 0..<connections { group.addTask { await self.ask(connection) } }
            return await group.reduce(into: SwapTally()) { $0.add($1) }
        }
    }

    private func ask(_ connection: Int) async -> SwapTally {
        var configuration = ClientConfiguration()
        // No retries, so that failed requests are seen.
        configuration.attemptsMax = 1
        let client = KindredClient(endpoint, configuration: configuration)
        var tally = SwapTally()
        var newest: UInt64 = 0
        var user = connection
        while !isStopping.load(ordering: .relaxed), tally.failures < Self.failuresMax {
            user = (user + 1) % ScaledModel.queriedUsers
            let begun = phase
            let start = ContinuousClock.now
            do throws(KindredError) {
                let answer = try await client.recommend(.user(.number(UInt64(user))), k: ScaledModel.k)
                let elapsed = ContinuousClock.now - start
                // A request that overlaps a swap counts as part of it.
                let counted = begun == .swapping ? begun : phase
                tally.latencies[counted, default: Histogram()].record(elapsed)
                if !model.isRight(answer, user: user) {
                    tally.wrong += 1
                    tally.firstWrong = tally.firstWrong ?? "user \(user): \(answer)"
                }
                if answer.version < newest { tally.stepsBack += 1 }
                newest = answer.version
                tally.versions.insert(answer.version)
            } catch {
                tally.failures += 1
                tally.firstFailure = tally.firstFailure ?? error.description
            }
            tally.requests += 1
        }
        await client.close()
        return tally
    }
}
