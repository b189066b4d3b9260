import KindredClient
import Synchronization

/// Connections that ask without pause, one request in flight each, and check every answer.
final class SwapLoad: Sendable {
    private static let failuresMax = 1_000

    private let model: ScaledModel
    private let endpoint: Endpoint
    private let phaseNow = Atomic<Int>(LoadPhase.steady.rawValue)
    private let isStopping = Atomic<Bool>(false)

    init(model: ScaledModel, endpoint: Endpoint) {
        self.model = model
        self.endpoint = endpoint
    }

    /// What requests that end from now on are counted under.
    var phase: LoadPhase {
        get { LoadPhase(rawValue: phaseNow.load(ordering: .relaxed)) ?? .steady }
        set { phaseNow.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Lets every connection end with the request it is at.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// Runs until `stop`.
    func run(connections: Int) async -> LoadTally {
        await withTaskGroup(of: LoadTally.self) { group in
            for connection in 0..<connections { group.addTask { await self.ask(connection) } }
            return await group.reduce(into: LoadTally()) { $0.add($1) }
        }
    }

    private func ask(_ connection: Int) async -> LoadTally {
        var configuration = ClientConfiguration()
        // A failed request is to be seen, not repeated.
        configuration.attemptsMax = 1
        let client = KindredClient(endpoint, configuration: configuration)
        var tally = LoadTally()
        var newest: UInt64 = 0
        var user = connection
        while !isStopping.load(ordering: .relaxed), tally.failures < Self.failuresMax {
            user = (user + 1) % ScaledModel.queriedUsers
            let begun = phase
            let start = ContinuousClock.now
            do throws(KindredError) {
                let answer = try await client.recommend(.user(.number(UInt64(user))), k: ScaledModel.k)
                let elapsed = ContinuousClock.now - start
                // A request that touches a swap belongs to it.
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
