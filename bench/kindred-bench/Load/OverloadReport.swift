/// What `kindred-bench load --overload` measured.
struct OverloadReport: Report {
    /// Something that a server under too much load is held to.
    struct Goal: Encodable {
        let name: String
        let found: String
        let wanted: String
        let isMet: Bool

        var line: String { "\(isMet ? "met    " : "not met") \(name): \(found), goal \(wanted)" }
    }

    let machine = Machine.current
    let setting: LoadSetting
    let loadBefore: String
    let loadAfter = LoadAverage.lastMinute
    /// As many requests in flight as the loop holds.
    let closed: LoadResult
    /// The open loop of the most answers a second, which are the capacity.
    let capacity: LoadResult
    let steady: LoadResult
    let overload: LoadResult
    /// The rest of the second after the load fell.
    let recovery: LoadResult
    let after: LoadResult
    /// Bytes by which the server's resident memory grew at most; nil where the server is not the bench's.
    let memoryGrowth: Int?
    /// In the whole run, the warm-up too; nil where the server does not tell.
    let repeatedCount: Int?
    let goals: [Goal]
    let checks: [Check]

    /// Answers a second under too much load, as a share of the capacity.
    let goodputShare: Double

    init(
        setting: LoadSetting, loadBefore: String, closed: LoadResult, capacity: LoadResult,
        steady: LoadResult,
        overload: LoadResult, recovery: LoadResult, after: LoadResult, repeatedCount: Int?, memoryGrowth: Int?
    ) {
        self.repeatedCount = repeatedCount
        self.setting = setting
        self.loadBefore = loadBefore
        self.closed = closed
        self.capacity = capacity
        self.steady = steady
        self.overload = overload
        self.recovery = recovery
        self.after = after
        self.memoryGrowth = memoryGrowth
        goodputShare = overload.goodput / capacity.goodput
        goals = Self.goals(
            share: goodputShare, steady: steady, overload: overload, recovery: recovery, after: after,
            memoryGrowth: memoryGrowth)
        let all = [closed, capacity, steady, overload, recovery, after]
        checks = [
            Check(
                none: "requests that failed and were not refused for overload",
                found: all.reduce(0) { $0 + $1.failedCount },
                example: all.lazy.compactMap(\.failureExample).first)
        ]
    }

    private static func goals(
        share: Double, steady: LoadResult, overload: LoadResult, recovery: LoadResult, after: LoadResult,
        memoryGrowth: Int?
    ) -> [Goal] {
        let refused = overload.failures.first(where: \.isOverload)
        // Twice the quantile that was, and a millisecond for the system's part.
        let p99Max = 2 * steady.latency.p99 + 1
        let drained = overload.drainSeconds
        let isAsBefore =
            recovery.latency.p99 <= p99Max && recovery.refusedCount == 0 && drained <= 0.9
        var goals = [
            Goal(
                name: "answers over capacity", found: share.fixed(2), wanted: ">= 0.90", isMet: share >= 0.9),
            Goal(
                name: "p99 of refusals",
                found: refused.map { "\($0.time.p99.fixed(2)) ms of \($0.count.groupedDigits)" } ?? "none",
                wanted: "<= 5 ms", isMet: refused.map { $0.time.p99 <= 5 } ?? false),
            Goal(
                name: "the second after the load fell",
                found: "the last answer of before after \((drained * 1e3).fixed(0)) ms, then p99 "
                    + "\(recovery.latency.p99.fixed(2)) ms and \(recovery.refusedCount) refused",
                wanted: "all within 0.9 s, then p99 <= \(p99Max.fixed(2)) ms and none refused",
                isMet: isAsBefore),
            Goal(
                name: "p99 afterwards", found: "\(after.latency.p99.fixed(2)) ms",
                wanted: "<= \(p99Max.fixed(2)) ms", isMet: after.latency.p99 <= p99Max),
        ]
        if let memoryGrowth {
            goals.append(
                Goal(
                    name: "growth of the server's memory", found: memoryGrowth.mebibytes, wanted: "<= 64 MiB",
                    isMet: memoryGrowth <= 64 << 20))
        }
        return goals
    }

    var lines: [String] {
        let rows = [
            ("closed loop", closed), ("capacity", capacity), ("steady", steady), ("overload", overload),
            ("after", after),
        ]
        return machine.lines + ["load average \(loadBefore) before, \(loadAfter) after", ""] + setting.lines
            + TextTable.lines([["load"] + Self.columns] + rows.map { [$0.0] + Self.cells($0.1) })
            + [""] + goals.map(\.line) + RepeatCounter.lines(repeatedCount) + [""]
    }

    private static let columns = [
        "offered/s", "answers/s", "p50 ms", "p90", "p99", "p99.9", "max", "refused", "generator", "server",
    ]

    private static func cells(_ row: LoadResult) -> [String] {
        [row.openLoop.map { Int($0.offeredRate).groupedDigits } ?? "-", Int(row.goodput).groupedDigits]
            + row.latency.cells.dropLast()
            + [row.refusedCount.groupedDigits, row.generatorCPU.percent, row.serverCPU?.percent ?? "-"]
    }
}
