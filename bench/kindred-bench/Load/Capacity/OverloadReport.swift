import KindredTerminal

/// What `kindred-bench load --overload` measured.
struct OverloadReport: Report {
    /// A goal for a server under overload.
    struct Goal: Encodable {
        let name: String
        let found: String
        let wanted: String
        let isMet: Bool

        var line: String { "\(isMet ? "met    " : "not met") \(name): \(found), goal \(wanted)" }
    }

    /// A measurement at capacity, followed by one at twice the capacity.
    struct Round: Encodable {
        let capacity: LoadResult
        let overload: LoadResult

        /// Answers per second under overload as a share of the capacity.
        var share: Double { overload.goodput / capacity.goodput }
    }

    let machine = Machine.current
    let setting: LoadSetting
    let loadBefore: String
    let loadAfter = LoadAverage.lastMinute
    /// The last closed loop, without refusals.
    let closed: LoadResult
    /// Closed loops before it, with refusals.
    let closedBefore: [LoadResult]
    /// Open loops in search of the capacity, by ascending rate.
    let tried: [LoadResult]
    let steady: LoadResult
    /// Rounds at the rate with the most answers per second and at twice that rate.
    let rounds: [Round]
    /// The median round by its share.
    let capacity: LoadResult
    let overload: LoadResult
    /// The rest of the second after the overload.
    let recovery: LoadResult
    let after: LoadResult
    /// Growth of the server's peak resident memory in bytes; nil where the bench did not start the server.
    let memoryGrowth: Int?
    /// Cache hits of the whole run with its warm-up; nil where the server has no such counter.
    let repeatedCount: Int?
    let goals: [Goal]
    let checks: [Check]

    /// Of the median round.
    let goodputShare: Double

    init(
        setting: LoadSetting, loadBefore: String, closed: ClosedLoops, tried: [LoadResult],
        rounds: [Round], steady: LoadResult, recovery: LoadResult, after: LoadResult,
        repeatedCount: Int?, memoryGrowth: Int?
    ) {
        self.repeatedCount = repeatedCount
        self.setting = setting
        self.loadBefore = loadBefore
        self.closed = closed.last
        closedBefore = closed.all.dropLast()
        self.tried = tried
        self.steady = steady
        self.rounds = rounds
        let middle = rounds.sorted { $0.share < $1.share }[rounds.count / 2]
        capacity = middle.capacity
        overload = middle.overload
        self.recovery = recovery
        self.after = after
        self.memoryGrowth = memoryGrowth
        goodputShare = middle.share
        goals = Self.goals(
            share: goodputShare, steady: steady, overloads: rounds.map(\.overload), recovery: recovery,
            after: after,
            memoryGrowth: memoryGrowth)
        let all =
            closed.all + tried + rounds.flatMap { [$0.capacity, $0.overload] } + [steady, recovery, after]
        checks = [
            Check(
                none: "requests that failed and were not refused for overload",
                found: all.reduce(0) { $0 + $1.failedCount },
                example: all.lazy.compactMap(\.failureExample).first)
        ]
    }

    private static func goals(
        share: Double, steady: LoadResult, overloads: [LoadResult], recovery: LoadResult, after: LoadResult,
        memoryGrowth: Int?
    ) -> [Goal] {
        let refused = overloads.lazy.flatMap(\.failures).filter(\.isOverload).reduce(into: FailureTally?.none)
        {
            if $0 == nil { $0 = $1 } else { $0!.merge($1) }
        }
        // Twice the earlier p99, and a millisecond for the system.
        let p99Max = 2 * steady.latency.p99 + 1
        let drained = overloads[overloads.count - 1].drainSeconds
        let isAsBefore =
            recovery.latency.p99 <= p99Max && recovery.refusedCount == 0 && drained <= 0.9
        var goals = [
            Goal(
                name: "answers over capacity", found: share.fixed(2), wanted: ">= 0.90", isMet: share >= 0.9),
            Goal(
                name: "p99 of refusals",
                found: refused.map { "\($0.time.p99.fixed(2)) ms of \($0.count.groupedDigits)" }
                    ?? "nothing was refused",
                wanted: "<= 5 ms", isMet: refused.map { $0.time.p99 <= 5 } ?? true),
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
        let rows =
            [(closed.loop, closed), ("steady", steady)]
            + rounds.flatMap { [("capacity", $0.capacity), ("overload", $0.overload)] }
            + [("recovery", recovery), ("after", after)]
        return machine.lines + ["load average \(loadBefore) before, \(loadAfter) after", ""] + setting.lines
            + TextTable(figures: [["load"] + Self.columns] + rows.map { [$0.0] + Self.cells($0.1) }).lines
            + [""] + goals.map(\.line) + doubt + CacheHitCounter.lines(repeatedCount) + [""]
    }

    /// A remark where the offered load was less than twice the capacity.
    private var doubt: [String] {
        guard goodputShare > Self.shareMax else { return [] }
        return [
            "more was answered than the capacity that was found, so that less than twice of it was offered: what other "
                + "processes take of the machine has changed, or fuller batches cost less"
        ]
    }

    /// Share of the capacity above which the capacity found is doubtful.
    private static let shareMax = 1.1

    private static let columns = [
        "offered/s", "answers/s", "p50 ms", "p90", "p99", "p99.9", "max", "refused", "generator", "server",
    ]

    private static func cells(_ row: LoadResult) -> [String] {
        [row.openLoop.map { Int($0.offeredRate).groupedDigits } ?? "-", Int(row.goodput).groupedDigits]
            + row.latency.cells.dropLast()
            + [row.refusedCount.groupedDigits, row.generatorCPU.percent, row.serverCPU?.percent ?? "-"]
    }
}
