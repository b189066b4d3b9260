import KindredTerminal

/// What `kindred-bench engine` measured.
struct EngineReport: Report {
    let limits: MachineLimits
    var rows: [EngineRow] = []
    var ratios: [RatioRow] = []
    var rules: [RuleRow] = []
    var peers: [PeerRow] = []
    var checks: [Check] = []
    /// Parts that were left out, each with its reason.
    var omissions: [String] = []

    /// Adds the results of one model.
    mutating func add(_ result: EngineMeasurement.Result) {
        rows += result.rows
        differences += result.differences
        firstDifference = firstDifference ?? result.firstDifference
    }

    private var differences = 0
    private var firstDifference: String?

    private enum CodingKeys: String, CodingKey { case limits, rows, ratios, rules, peers, checks, omissions }

    /// Whether the table is printed. False where only the checks matter.
    private let showsGrid: Bool

    init(limits: MachineLimits, showsGrid: Bool = true) {
        self.limits = limits
        self.showsGrid = showsGrid
    }

    /// Adds the check that all settings gave the same answers.
    mutating func finish() {
        guard !rows.isEmpty else { return }
        let compared = rows.reduce(0) { $0 + $1.queriesCompared }
        checks.insert(
            Check(
                none: "of \(compared.groupedDigits) answers, different ones to the same query",
                found: differences, example: firstDifference), at: 0)
    }

    var lines: [String] {
        guard showsGrid else { return limits.machine.lines }
        return LimitsReport(limits: limits).lines + table(EngineRow.titles, rows.map(\.cells))
            + table(RuleRow.titles, rules.map(\.cells)) + table(RatioRow.titles, ratios.map(\.cells))
            + table(PeerRow.titles, peers.map(\.cells))
            + omissions.map { "left out: \($0)" } + [""]
    }

    private func table(_ titles: [String], _ rows: [[String]]) -> [String] {
        rows.isEmpty ? [] : [""] + TextTable(figures: [titles] + rows).lines
    }
}
