import KindredClient
import KindredTerminal

/// Measures an overload between two moderate loads: the answers, the delay of refusals and the recovery.
struct OverloadRun {
    /// Default requests in flight on each connection in the search for the capacity.
    private static let inFlightDefault = 16
    /// Rates to try, as shares of a closed loop's rate. Requests that come singly cost more than the bursts of a closed
    /// loop.
    private static let triedShares = [0.7, 0.8, 0.9, 1]
    /// Factor between further rates, while nearly all requests are answered.
    private static let growth = 1.25
    private static let growthSteps = 8
    /// Number of rounds, each at the capacity and at twice the capacity.
    private static let rounds = 3
    /// The moderate load as a share of the capacity.
    private static let steadyShare = 0.7
    private static let overloadShare = 2.0
    /// Seconds in which the server must recover after the overload.
    private static let recoverySeconds = 1.0

    private let run: LoadRun
    private let shape: LoadShapeOptions

    init(_ run: LoadRun, _ shape: LoadShapeOptions) {
        self.run = run
        self.shape = shape
    }

    func report() async throws -> OverloadReport {
        let loadBefore = LoadAverage.lastMinute
        let repeats = try await CacheHitCounter(run.target)
        let memory = run.target.serverProcessID.map { ProcessMemory(processID: $0) }
        let closed = try await ClosedLoops.measure(
            run, shape, inFlight: shape.connections * (shape.inFlight ?? Self.inFlightDefault))
        let tried = try await tryRates(closed.last.goodput)
        let best = tried.max { $0.goodput < $1.goodput }!
        let steadyLoop = shape.open(rate: Self.steadyShare * best.goodput)
        let steady = try await run.measure(steadyLoop, title: "steady")
        let residentBefore = try memory?.resident()
        try memory?.resetPeak()
        // Rounds alternate, since the load by other processes changes. The capacity is measured again, since the best
        // of several rates is also the luckiest.
        var rounds: [OverloadReport.Round] = []
        for _ in 0..<Self.rounds {
            let capacity = try await tryRate(best.openLoop!.offeredRate)
            let overload = try await run.measure(
                shape.open(rate: Self.overloadShare * best.goodput), title: "overload")
            rounds.append(OverloadReport.Round(capacity: capacity, overload: overload))
        }
        // All requests are answered; the next load begins at once.
        let drained = rounds[rounds.count - 1].overload.drainSeconds
        let recovery = try await run.measure(
            steadyLoop, title: "recovery", seconds: Self.recoverySeconds - min(drained, 0.9))
        let after = try await run.measure(steadyLoop, title: "after")
        return OverloadReport(
            setting: run.setting, loadBefore: loadBefore, closed: closed, tried: tried, rounds: rounds,
            steady: steady, recovery: recovery, after: after,
            repeatedCount: try await repeats.count(),
            memoryGrowth: try residentBefore.flatMap { before in try memory.map { try $0.peak() - before } })
    }

    /// Open loops at shares of a closed loop's rate, and above it while the server keeps up.
    private func tryRates(_ closedRate: Double) async throws -> [LoadResult] {
        var tried: [LoadResult] = []
        for share in Self.triedShares { tried.append(try await tryRate(share * closedRate)) }
        var rate = closedRate
        for _ in 0..<Self.growthSteps where tried[tried.count - 1].isKeptUp {
            rate *= Self.growth
            tried.append(try await tryRate(rate))
        }
        return tried
    }

    private func tryRate(_ rate: Double) async throws -> LoadResult {
        try await run.measure(
            shape.open(rate: rate), title: "capacity, \(Int(rate).groupedDigits) requests/s offered")
    }
}
