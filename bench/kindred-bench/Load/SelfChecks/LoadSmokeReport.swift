import KindredTerminal

/// The results of `kindred-bench load --smoke`: every mode runs, and no answer is wrong or missing.
struct LoadSmokeReport: Report {
    var checks: [Check] = []
    private(set) var lines: [String] = []

    mutating func add(_ mode: String, _ report: LoadReport) {
        add(mode, report.result)
        checks += report.checks.map { Check(mode, $0) }
        checks.append(
            Check(
                "\(mode): requests in the last row of the percentiles",
                found: Self.lastCount(of: PercentileTable(report.result.histogram)),
                wanted: "\(report.result.latency.count)"))
        checks += Self.sums(of: report.result).map { Check(mode, $0) }
        guard let swaps = report.result.swaps else { return }
        checks.append(
            Check(
                "\(mode): versions activated", found: "\(swaps.windows.count)", wanted: "1 or more",
                holds: !swaps.windows.isEmpty))
    }

    mutating func add(_ mode: String, _ report: SweepReport) {
        for row in report.rows + [report.closed] { add("\(mode), \(row.loop)", row) }
        checks += report.checks.map { Check(mode, $0) }
        checks.append(
            Check(
                "\(mode): rows", found: "\(report.rows.count)", wanted: "2 or more",
                holds: report.rows.count > 1))
    }

    /// Refusals are expected here, and goals are not judged in so short a time.
    mutating func add(_ mode: String, _ report: OverloadReport) {
        lines.append("\(mode): \(Int(report.overload.goodput).groupedDigits) answers/s")
        checks += report.checks.map { Check(mode, $0) }
        checks.append(
            Check(
                "\(mode): requests answered", found: Int(report.overload.latency.count).groupedDigits,
                wanted: "1 or more", holds: report.overload.latency.count > 0))
    }

    private mutating func add(_ mode: String, _ result: LoadResult) {
        lines.append(
            "\(mode): \(Int(result.latency.count).groupedDigits) answers, p50 "
                + result.latency.p50.millisecondsText
        )
        checks.append(
            Check(
                none: "\(mode): requests refused or never sent",
                found: result.refusedCount + result.unsentCount))
    }

    /// Checks that the counts by kind and by version sum to the total.
    private static func sums(of result: LoadResult) -> [Check] {
        let answered = Int(result.latency.count)
        let byKind = result.byKind.values.reduce(0) { $0 + Int($1.count) }
        var checks = [Check("answers of all kinds", found: "\(byKind)", wanted: "\(answered)")]
        if !result.versions.isEmpty {
            let pings = result.byKind[RequestKind.ping.rawValue].map { Int($0.count) } ?? 0
            let byVersion = result.versions.values.reduce(pings, +)
            checks.append(
                Check("answers of all versions, and of none", found: "\(byVersion)", wanted: "\(answered)"))
        }
        if let openLoop = result.openLoop {
            let due = Int((openLoop.dueRate * result.seconds).rounded())
            let found = answered + result.failedCount + result.refusedCount + openLoop.unsent
            checks.append(
                Check("requests answered, failed or never sent", found: "\(found)", wanted: "\(due)"))
        }
        return checks
    }

    /// The third column of the text's last row without a `#`.
    private static func lastCount(of table: PercentileTable) -> String {
        let rows = table.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return rows.last?.split(separator: " ").dropFirst(2).first.map(String.init) ?? "none"
    }
}

extension Check {
    /// A check with the name of its mode.
    fileprivate init(_ mode: String, _ check: Check) {
        self.init("\(mode): \(check.name)", found: check.found, wanted: check.wanted, holds: check.holds)
    }

    /// A check that two texts are equal.
    fileprivate init(_ name: String, found: String, wanted: String) {
        self.init(name, found: found, wanted: wanted, holds: found == wanted)
    }
}
