import KindredTerminal

/// What `kindred-bench load --sweep` measured.
struct SweepReport: Report {
    let machine = Machine.current
    let setting: LoadSetting
    let loadBefore: String
    let loadAfter = LoadAverage.lastMinute
    /// The last closed loop, without refusals. The rates are shares of its rate.
    let closed: LoadResult
    /// Closed loops before it, with refusals.
    let closedBefore: [LoadResult]
    /// By ascending rate.
    let rows: [LoadResult]
    /// Answers per second at the greatest rate that the server keeps up with: the median of its runs.
    let capacity: Double
    /// The runs at that rate; empty where the server kept up with none.
    let capacityRuns: [LoadResult]
    /// True where no greater rate was tried, so the capacity may be greater.
    let capacityIsLeast: Bool
    /// Runs of the search, also at rates without a row.
    let capacitySearch: [LoadResult]
    /// Most answers per second of all runs. With many waiting requests batches are full and cost less.
    let goodputMax: Double
    /// The knee: the rate with the greatest power, that is answers per second over mean latency. Beyond it latency
    /// grows faster than throughput (Kleinrock, Power and deterministic rules of thumb for probabilistic problems in
    /// computer communications, ICC 1979).
    let knee: Double?
    /// Milliseconds.
    let targetP99: Double?
    /// Greatest rate that met the target; nil without one.
    let rateWithinTarget: Double?
    /// Cache hits of the whole run with its warm-ups; nil where the server has no such counter.
    let repeatedCount: Int?
    let checks: [Check]

    init(
        setting: LoadSetting, loadBefore: String, targetP99: Double?, closed: ClosedLoops, rows: [LoadResult],
        capacity search: CapacitySearch<LoadResult>, repeatedCount: Int?
    ) {
        self.repeatedCount = repeatedCount
        self.setting = setting
        self.loadBefore = loadBefore
        self.targetP99 = targetP99
        self.closed = closed.last
        closedBefore = closed.all.dropLast()
        self.rows = rows
        capacityRuns = search.runs
        capacityIsLeast = search.isLeast
        capacitySearch = search.made
        goodputMax = (rows + search.made).map(\.goodput).max() ?? closed.last.goodput
        let goodputs = capacityRuns.map(\.goodput).sorted()
        capacity = goodputs.isEmpty ? goodputMax : goodputs[goodputs.count / 2]
        knee =
            rows.filter { $0.latency.mean > 0 }
            .max { $0.goodput / $0.latency.mean < $1.goodput / $1.latency.mean }?.openLoop?.offeredRate
        rateWithinTarget = targetP99.flatMap { target in
            rows.last { Self.meets($0, target) }?.openLoop?.offeredRate
        }
        let failed = rows + search.made + closed.all
        checks = [
            Check(
                none: "requests that failed and were not refused for overload",
                found: failed.reduce(0) { $0 + $1.failedCount },
                example: failed.lazy.compactMap(\.failureExample).first)
        ]
    }

    /// Whether every request was answered and the p99 is within the target in milliseconds.
    static func meets(_ row: LoadResult, _ targetP99: Double) -> Bool {
        row.latency.p99 <= targetP99 && row.failures.isEmpty && row.unsentCount == 0 && row.latency.count > 0
    }

    var lines: [String] {
        machine.lines + ["load average \(loadBefore) before, \(loadAfter) after", ""] + setting.lines
            + ["\(closed.loop): \(Int(closed.goodput).groupedDigits) answers/s", ""]
            + TextTable(figures: [Self.columns] + rows.map(Self.cells)).lines + ["", conclusion]
            + CacheHitCounter.lines(repeatedCount) + [""]
    }

    private static let columns = [
        "offered/s", "answers/s", "p50 ms", "p90", "p99", "p99.9", "max", "refused", "late", "unsent",
        "generator", "server",
    ]

    private static func cells(_ row: LoadResult) -> [String] {
        [Int(row.openLoop?.offeredRate ?? 0).groupedDigits, Int(row.goodput).groupedDigits]
            + row.latency.cells.dropLast()
            + [row.refusedCount, row.openLoop?.late ?? 0, row.unsentCount].map(\.groupedDigits)
            + [row.generatorCPU.percent, row.serverCPU?.percent ?? "-"]
    }

    private var conclusion: String {
        var text = "capacity \(capacityIsLeast ? "at least " : "")\(Int(capacity).groupedDigits) answers/s"
        if capacityRuns.isEmpty {
            text += ", the most of all: no rate was kept up with"
        } else {
            let keptUpCount = capacityRuns.lazy.filter(\.isKeptUp).count
            text += ", kept up with in \(keptUpCount) of \(capacityRuns.count) runs"
            if goodputMax > capacity { text += ", the most of all \(Int(goodputMax).groupedDigits)" }
        }
        if let knee { text += "; knee at \(Int(knee).groupedDigits) requests/s" }
        if let targetP99 {
            text +=
                rateWithinTarget.map {
                    "; p99 within \(targetP99.millisecondsText) up to \(Int($0).groupedDigits) requests/s"
                } ?? "; p99 within \(targetP99.millisecondsText) at no rate that was tried"
        }
        return text
    }
}
