import KindredTerminal

/// The results of one measurement.
struct LoadResult: Encodable, Sendable {
    /// Latencies of requests during and outside version swaps.
    struct SwapFigures: Encodable, Sendable {
        let during: LatencyFigures
        let outside: LatencyFigures
        let windows: [SwapWindows.Window]
    }

    let loop: String
    let seconds: Double
    /// Seconds after the measured time until the last answer.
    let drainSeconds: Double
    /// Replies, answers and queries per second within the measured time.
    let throughput: Double
    let goodput: Double
    let queriesPerSecond: Double
    let latency: LatencyFigures
    let byKind: [String: LatencyFigures]
    let percentiles: [PercentileTable.Row]
    let failures: [FailureTally]
    /// Answered requests by version number.
    let versions: [String: Int]
    /// Absent in a closed loop.
    let openLoop: OpenLoopFigures?
    let sentByteCount: Int
    let receivedByteCount: Int
    /// Processor seconds per second.
    let generatorCPU: Double
    /// Absent where the bench did not start the server.
    let serverCPU: Double?
    var swaps: SwapFigures?
    /// Requests that the server answered from its cache meanwhile, for all clients. Absent without such a counter.
    var repeatedCount: Int?

    let histogram: Histogram
    let duringSwaps: Histogram
    let outsideSwaps: Histogram

    private enum CodingKeys: String, CodingKey {
        case loop, seconds, drainSeconds, throughput, goodput, queriesPerSecond, latency, byKind, percentiles
        case failures, versions, openLoop, sentByteCount, receivedByteCount, generatorCPU, serverCPU, swaps
        case repeatedCount
    }

    init(
        loop: LoadLoop, seconds: Double, drainSeconds: Double, recorder: LoadRecorder,
        openLoop: OpenLoopTally, sentByteCount: Int,
        receivedByteCount: Int, generatorCPU: Double, serverCPU: Double?
    ) {
        self.loop = loop.text
        self.seconds = seconds
        self.drainSeconds = drainSeconds
        throughput = Double(recorder.repliesInTime) / seconds
        goodput = Double(recorder.answersInTime) / seconds
        queriesPerSecond = Double(recorder.queriesInTime) / seconds
        latency = LatencyFigures(recorder.latency)
        byKind = Dictionary(
            uniqueKeysWithValues: recorder.byKind.map { ($0.key.rawValue, LatencyFigures($0.value)) })
        percentiles = PercentileTable(recorder.latency).rows
        failures = recorder.failures.values.sorted { $0.status < $1.status }
        versions = Dictionary(uniqueKeysWithValues: recorder.versions.map { ("\($0.key)", $0.value) })
        self.openLoop = loop.rate.map { OpenLoopFigures(openLoop, offeredRate: $0, seconds: seconds) }
        self.sentByteCount = sentByteCount
        self.receivedByteCount = receivedByteCount
        self.generatorCPU = generatorCPU
        self.serverCPU = serverCPU
        histogram = recorder.latency
        duringSwaps = recorder.duringSwaps
        outsideSwaps = recorder.outsideSwaps
    }

    /// Requests that failed, except refusals for overload.
    var failedCount: Int { failures.filter { !$0.isOverload }.reduce(0) { $0 + $1.count } }
    var refusedCount: Int { failures.filter(\.isOverload).reduce(0) { $0 + $1.count } }

    /// Least share of due requests to be answered for a rate to count as kept up with.
    private static let keptUpShare = 0.97

    /// Whether nearly all due requests were answered; true for a closed loop.
    var isKeptUp: Bool { openLoop.map { goodput >= Self.keptUpShare * $0.dueRate } ?? true }

    /// Requests per second of an open loop; 0 for a closed one.
    var offeredRate: Double { openLoop?.offeredRate ?? 0 }

    var unsentCount: Int { openLoop?.unsent ?? 0 }

    var failureExample: String? { failures.first { !$0.isOverload }?.line }

    var lines: [String] {
        var lines = TextTable(figures: latencyRows).lines
        lines += ["", rateLine]
        lines += failures.map { "failed     " + $0.line }
        if let openLoop { lines.append("open loop  " + openLoop.line) }
        lines.append(
            "generator  \(generatorCPU.percent) of a core"
                + (serverCPU.map { ", server \($0.percent)" } ?? "")
                + "; \(sentByteCount.mebibytes) sent, \(receivedByteCount.mebibytes) received")
        lines += CacheHitCounter.lines(repeatedCount)
        if versions.count > 1 {
            let counts = versions.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.groupedDigits)" }
            lines.append("versions   " + counts.joined(separator: ", "))
        }
        return lines
    }

    private var latencyRows: [[String]] {
        var rows = [["latency, ms"] + LatencyFigures.columns, ["all"] + latency.cells]
        if byKind.count > 1 { rows += byKind.sorted { $0.key < $1.key }.map { [$0.key] + $0.value.cells } }
        if let swaps {
            rows.append(["during swaps"] + swaps.during.cells)
            rows.append(["outside swaps"] + swaps.outside.cells)
        }
        return rows
    }

    private var rateLine: String {
        var line = "rate       \(Int(goodput.rounded()).groupedDigits) answers/s"
        if let openLoop { line += " of \(Int(openLoop.dueRate.rounded()).groupedDigits) that were due" }
        if !failures.isEmpty { line += ", \(Int(throughput.rounded()).groupedDigits) replies/s" }
        if queriesPerSecond > goodput * 1.001 {
            line += ", \(Int(queriesPerSecond.rounded()).groupedDigits) queries/s"
        }
        return line + ", over \(seconds.fixed(1)) s"
    }
}
