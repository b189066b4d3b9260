import ArgumentParser
import KindredDomain
import KindredTerminal

/// `kindred-bench lookalike`: measures audiences of several sizes as multiples of the time to read the codes once.
struct LookalikeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookalike",
        abstract: "Measure look-alike audiences in this process: each phase, against reading the codes once.",
        discussion: """
            Exits with 1 where an audience is not, to the bit, the brute force's. A goal that is not met is \
            shown and fails nothing.
            """)

    @Option(help: "Users.")
    var rows = 10_000_000
    @Option(help: "Elements of each vector.")
    var dimension = 64
    @Option(help: "Times that everything is measured.")
    var rounds = 7
    @Option(help: "How rows are found: auto, blas (everybody is scored) or int8 (codes first).")
    var scan = "auto"
    @Flag(help: "A second: 50,000 users, one round; times are shown, not judged.")
    var smoke = false
    @Flag(help: "Print one JSON object.")
    var json = false

    /// Audience sizes as shares of all users, with the greatest multiple of the reading time.
    private static let audiences: [LookalikeReport.Wanted] = [
        .init(partsPerMillion: 100, multipleMax: nil), .init(partsPerMillion: 10_000, multipleMax: 2.5),
        .init(partsPerMillion: 100_000, multipleMax: 5), .init(partsPerMillion: 200_000, multipleMax: nil),
        .init(partsPerMillion: 500_000, multipleMax: nil),
        .init(partsPerMillion: 1_000_000, multipleMax: nil),
    ]

    func validate() throws {
        try OptionRange.check("--rows", rows, 1_000...100_000_000)
        try OptionRange.check("--dimension", dimension, 1...1_024)
        try OptionRange.check("--rounds", rounds, 1...1_000)
        guard ScanMode(rawValue: scan) != nil else {
            throw ValidationError("--scan \(scan): auto, blas or int8")
        }
    }

    func run() throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        let machine = Machine.current
        let rows = smoke ? 50_000 : rows
        let team = ThreadTeams(machine: machine)[.all]
        progress.show("making \(rows.groupedDigits) x \(dimension)")
        let users = try FlatUsers(count: rows, dimension: dimension, team: team)
        progress.show("scoring everybody by brute force")
        let ranking = BruteForceRanking(users)
        let runner = AudienceRunner(users: users, team: team, scan: ScanMode(rawValue: scan) ?? .auto)
        var report = LookalikeReport(
            machine: machine, rows: rows, dimension: dimension, threads: team.count,
            isJudged: !smoke, codeByteCount: users.codeByteCount)
        let reading = CodesReadProbe(users: users, team: team)
        for round in 0..<(smoke ? 1 : rounds) {
            progress.show("round \(round + 1)")
            for (streams, seconds) in reading.seconds().enumerated() {
                report.addReading(seconds, streams: streams)
            }
            for wanted in Self.audiences {
                let count = max(1, rows * wanted.partsPerMillion / 1_000_000)
                let measured = try runner.run(count: count)
                report.add(measured, of: wanted, mismatches: ranking.mismatches(measured.audience))
            }
        }
        progress.clear()
        try report.conclude(json: json)
    }
}
