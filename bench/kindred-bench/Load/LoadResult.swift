import KindredTerminal

/// What one measurement found.
struct LoadResult: Encodable, Sendable {
    /// What is reported of requests that swaps of versions touched.
    struct SwapFigures: Encodable, Sendable {
        let during: LatencyFigures
        let outside: LatencyFigures
        let windows: [SwapWindows.Window]
    }

    let loop: String
    let seconds: Double
    /// Until the last answer came, after that.
    let drainSeconds: Double
    /// Replies and answers that came within the time, per second; queries, where batches have many.
    let throughput: Double
    let goodput: Double
    let queriesPerSecond: Double
    let latency: LatencyFigures
    let byKind: [String: LatencyFigures]
    let percentiles: [PercentileTable.Row]
    let failures: [FailureTally]
    /// Requests that each version answered, by its number.
    let versions: [String: Int]
    /// Absent in a closed loop.
    let openLoop: OpenLoopFigures?
    let sentByteCount: Int
    let receivedByteCount: Int
    /// Processor seconds per second.
    let generatorCPU: Double
    /// Absent where the server is not a process that the bench started.
    let serverCPU: Double?
    var swaps: SwapFigures?
    /// Requests that the server answered meanwhile, whoever asked, with kept answers. Absent where it does not tell.
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

    /// Requests that failed and were not refused for overload.
    var failedCount: Int { failures.filter { !$0.isOverload }.reduce(0) { $0 + $1.count } }
    var refusedCount: Int { failures.filter(\.isOverload).reduce(0) { $0 + $1.count } }

    /// Of what is due: less is a rate that the server does not keep up with.
    private static let keptUpShare = 0.97

    /// Whether nearly all that was due was answered; true of a closed loop.
    var isKeptUp: Bool { openLoop.map { goodput >= Self.keptUpShare * $0.dueRate } ?? true }

    /// Requests per second of an open loop, 0 of a closed one.
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
        lines += RepeatCounter.lines(repeatedCount)
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
