import KindredClient
import KindredTerminal

/// A load that is far too great, between two that are not: what is answered, how soon the rest is refused, and how soon
/// all is as before.
struct OverloadRun {
    /// In flight on each connection while capacity is looked for, where no number was given.
    private static let inFlightDefault = 16
    /// Of what a closed loop reaches, where the capacity of an open loop is looked for: requests that come one by one
    /// cost more than those that come in bursts, as a closed loop's do.
    private static let triedShares = [0.7, 0.8, 0.9, 1]
    /// Above the greatest share, each rate is so many times the one before, while nearly all is answered.
    private static let growth = 1.25
    private static let growthSteps = 8
    /// Of the capacity and of twice of it.
    private static let rounds = 3
    /// Of the capacity.
    private static let steadyShare = 0.7
    private static let overloadShare = 2.0
    /// In which the server is to be as before, once the load has fallen.
    private static let recoverySeconds = 1.0

    private let run: LoadRun
    private let shape: LoadShapeOptions

    init(_ run: LoadRun, _ shape: LoadShapeOptions) {
        self.run = run
        self.shape = shape
    }

    func report() async throws -> OverloadReport {
        let loadBefore = LoadAverage.lastMinute
        let repeats = try await RepeatCounter(run.target)
        let memory = run.target.serverProcessID.map { ProcessMemory(processID: $0) }
        let closed = try await ClosedLoops.measure(
            run, shape, inFlight: shape.connections * (shape.inFlight ?? Self.inFlightDefault))
        let tried = try await tryRates(closed.last.goodput)
        let best = tried.max { $0.goodput < $1.goodput }!
        let steadyLoop = shape.open(rate: Self.steadyShare * best.goodput)
        let steady = try await run.measure(steadyLoop, title: "steady")
        let residentBefore = try memory?.resident()
        try memory?.resetPeak()
        // In turn, since what other processes take of the machine changes. And the best of several rates is the
        // luckiest one too: measured again, it is neither.
        var rounds: [OverloadReport.Round] = []
        for _ in 0..<Self.rounds {
            let capacity = try await tryRate(best.openLoop!.offeredRate)
            let overload = try await run.measure(
                shape.open(rate: Self.overloadShare * best.goodput), title: "overload")
            rounds.append(OverloadReport.Round(capacity: capacity, overload: overload))
        }
        // What was sent is answered; the next load begins at once.
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

    /// Open loops at shares of a closed loop's rate, and above it for as long as the server keeps up.
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
