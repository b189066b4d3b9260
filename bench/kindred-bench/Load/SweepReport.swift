import KindredTerminal

/// What `kindred-bench load --sweep` measured.
struct SweepReport: Report {
    let machine = Machine.current
    let setting: LoadSetting
    let loadBefore: String
    let loadAfter = LoadAverage.lastMinute
    /// A closed loop of which nothing was refused: what the rates are shares of.
    let closed: LoadResult
    /// Closed loops before it, of which some was.
    let closedBefore: [LoadResult]
    /// By ascending rate.
    let rows: [LoadResult]
    /// Answers per second at the greatest rate that the server keeps up with, in the median of its runs.
    let capacity: Double
    /// The runs at that rate, of which most were kept up with; empty where no rate was.
    let capacityRuns: [LoadResult]
    /// True where no greater rate was tried: the server may be good for more.
    let capacityIsLeast: Bool
    /// Runs for finding it, at rates that are in no row too.
    let capacitySearch: [LoadResult]
    /// The most answers per second of all: with requests without end waiting, batches are full and cost less.
    let goodputMax: Double
    /// Requests per second with the greatest power, the rate of answers over their mean latency: beyond it,
    /// latency grows faster than what is answered (Kleinrock, Power and deterministic rules of thumb for
    /// probabilistic problems in computer communications, ICC 1979).
    let knee: Double?
    /// Milliseconds.
    let targetP99: Double?
    /// The greatest rate that met the target, or nil.
    let rateWithinTarget: Double?
    /// In the whole run, warm-ups too; nil where the server does not tell.
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

    /// Whether every request was answered, and 99 of 100 within so many milliseconds.
    static func meets(_ row: LoadResult, _ targetP99: Double) -> Bool {
        row.latency.p99 <= targetP99 && row.failures.isEmpty && row.unsentCount == 0 && row.latency.count > 0
    }

    var lines: [String] {
        machine.lines + ["load average \(loadBefore) before, \(loadAfter) after", ""] + setting.lines
            + ["\(closed.loop): \(Int(closed.goodput).groupedDigits) answers/s", ""]
            + TextTable(figures: [Self.columns] + rows.map(Self.cells)).lines + ["", conclusion]
            + RepeatCounter.lines(repeatedCount) + [""]
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
