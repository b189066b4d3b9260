import KindredClient

/// A load that is far too great, between two that are not: what is answered, how soon the rest is refused, and how soon
/// all is as before.
struct OverloadRun {
    /// In flight on each connection while capacity is looked for, where no number was given.
    private static let inFlightDefault = 16
    /// Of what a closed loop reaches, where the capacity of an open loop is looked for: requests that come one by one
    /// cost more than those that come in bursts, as a closed loop's do.
    private static let triedShares = [0.7, 0.8, 0.9, 1]
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
        let closed = try await run.measureClosed(
            inFlight: shape.connections * (shape.inFlight ?? Self.inFlightDefault))
        var capacity = closed
        for (index, share) in Self.triedShares.enumerated() {
            let tried = try await run.measure(
                shape.open(rate: share * closed.goodput),
                title: "capacity at \(share) of the closed loop's rate")
            if index == 0 || tried.goodput > capacity.goodput { capacity = tried }
        }
        let steadyLoop = shape.open(rate: Self.steadyShare * capacity.goodput)
        let steady = try await run.measure(steadyLoop, title: "steady")
        let residentBefore = try memory?.resident()
        try memory?.resetPeak()
        let overload = try await run.measure(
            shape.open(rate: Self.overloadShare * capacity.goodput), title: "overload")
        // What was sent is answered; the next load begins at once.
        let recovery = try await run.measure(
            steadyLoop, title: "recovery", seconds: Self.recoverySeconds - min(overload.drainSeconds, 0.9))
        let after = try await run.measure(steadyLoop, title: "after")
        return OverloadReport(
            setting: run.setting, loadBefore: loadBefore, closed: closed, capacity: capacity, steady: steady,
            overload: overload,
            recovery: recovery, after: after,
            repeatedCount: try await repeats.count(),
            memoryGrowth: try residentBefore.flatMap { before in try memory.map { try $0.peak() - before } })
    }
}
