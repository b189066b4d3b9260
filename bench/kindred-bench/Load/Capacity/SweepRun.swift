import KindredClient
import KindredTerminal

/// Measures open loops at rates below and above the server's capacity.
struct SweepRun {
    /// Default requests in flight on each connection in the search for the capacity.
    private static let inFlightDefault = 16
    /// Rates as shares of the closed loop's rate.
    private static let shares = [0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2]
    /// Factor between further rates, until the server does not keep up.
    private static let growth = 1.5
    private static let growthSteps = 6
    /// Halvings of the interval between a rate that meets the target and one that does not.
    private static let searchSteps = 6

    private let run: LoadRun
    private let shape: LoadShapeOptions
    /// Milliseconds.
    private let targetP99: Double?
    /// Requests per second; empty: shares of the closed loop's rate.
    private let rates: [Int]

    init(_ run: LoadRun, _ shape: LoadShapeOptions, rates: [Int], targetP99: Double?) {
        self.run = run
        self.shape = shape
        self.rates = rates.sorted()
        self.targetP99 = targetP99
    }

    func report() async throws -> SweepReport {
        let loadBefore = LoadAverage.lastMinute
        let repeats = try await CacheHitCounter(run.target)
        let closed = try await ClosedLoops.measure(
            run, shape, inFlight: shape.connections * (shape.inFlight ?? Self.inFlightDefault))
        var rows: [LoadResult] = []
        let offered = rates.isEmpty ? Self.shares.map { $0 * closed.last.goodput } : rates.map(Double.init)
        for (number, rate) in offered.enumerated() where rate > 0 {
            rows.append(try await measure(rate, "\(number + 1) of \(offered.count)"))
        }
        if rates.isEmpty { rows += try await grow(from: rows) }
        var searched: [LoadResult] = []
        if let targetP99 { searched = try await search(rows, targetP99) }
        rows = (rows + searched).sorted { $0.offeredRate < $1.offeredRate }
        let capacity = try await CapacitySearch(
            rows.map { ($0.offeredRate, $0) }, isKeptUp: \.isKeptUp,
            measure: { try await measureOnce($0, "capacity") })
        return SweepReport(
            setting: run.setting, loadBefore: loadBefore, targetP99: targetP99, closed: closed, rows: rows,
            capacity: capacity, repeatedCount: try await repeats.count())
    }

    /// Measures a rate. A miss of the target is measured again and the better result kept, since other processes may
    /// have caused it.
    private func measure(_ rate: Double, _ number: String) async throws -> LoadResult {
        let first = try await measureOnce(rate, number)
        guard let targetP99, !SweepReport.meets(first, targetP99) else { return first }
        let second = try await measureOnce(rate, number + " again")
        return SweepReport.meets(second, targetP99) || second.latency.p99 < first.latency.p99 ? second : first
    }

    private func measureOnce(_ rate: Double, _ number: String) async throws -> LoadResult {
        let loop = shape.open(rate: rate)
        try await run.warmUp(loop)
        return try await run.measure(loop, title: "\(number): \(Int(rate).groupedDigits) requests/s")
    }

    /// Tries rates above the last one while the server keeps up with them.
    private func grow(from rows: [LoadResult]) async throws -> [LoadResult] {
        var grown: [LoadResult] = []
        while let last = grown.last ?? rows.last, let openLoop = last.openLoop,
            grown.count < Self.growthSteps, last.isKeptUp
        {
            grown.append(
                try await measure(openLoop.offeredRate * Self.growth, "above, \(grown.count + 1)"))
        }
        return grown
    }

    /// Searches between the greatest rate that met the target and the next one above.
    private func search(_ rows: [LoadResult], _ target: Double) async throws -> [LoadResult] {
        let met = rows.lastIndex { SweepReport.meets($0, target) }
        let above = met.map { $0 + 1 } ?? 0
        guard above < rows.count else { return [] }
        var low = met.flatMap { rows[$0].openLoop?.offeredRate } ?? 0
        var high = rows[above].openLoop?.offeredRate ?? 0
        var found: [LoadResult] = []
        for step in 1...Self.searchSteps {
            let rate = (low + high) / 2
            let result = try await measure(rate, "target, \(step) of \(Self.searchSteps)")
            found.append(result)
            if SweepReport.meets(result, target) { low = rate } else { high = rate }
        }
        return found
    }
}
