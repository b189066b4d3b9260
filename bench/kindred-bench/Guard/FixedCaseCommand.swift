import ArgumentParser
import KindredModel
import KindredQuery

/// `kindred-bench fixed-case`: runs a case under a tool that counts instructions.
struct FixedCaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fixed-case",
        abstract: "Answer the queries of a fixed case on one thread, for a tool that counts what that takes.",
        discussion: """
            Prints one JSON object. What the making of the vectors takes is told from the queries by running the case \
            twice, with different numbers of queries.
            """)

    @Argument(help: "\(FixedCase.allCases.map(\.rawValue).joined(separator: ", ")).") var name: FixedCase
    @Option(help: "Queries, at least; whole batches are answered.") var queries = 128
    @Option(
        help: "The folder of the version that the vectors of filtered queries and of requests are drawn like."
    )
    var shipped = "models/online-retail/2"

    func validate() throws {
        try OptionRange.check("--queries", queries, 1...1_000_000)
    }

    func run() throws {
        print(try name.run(queries: queries, shipped: shipped).jsonText)
    }
}

/// A case with fixed vectors, queries and batches, whose work is counted instead of timed.
enum FixedCase: String, CaseIterable, ExpressibleByArgument {
    /// One query at a time.
    case alone
    /// 32 queries that share a scan.
    case batch
    /// 8 queries that share a scan of vectors like the shipped model's, with one row in ten eligible.
    case filtered
    /// Requests of 32 users over vectors like the shipped model's, from ids to the reply's columns: without rules, and
    /// each with one.
    case request, seen, caps, boosts, diversity
    case attributeFilter = "attribute-filter"
    case foldIn = "fold-in"

    /// The rule of a request; nil where planned queries are scanned.
    private var rule: EngineRule? {
        switch self {
        case .alone, .batch, .filtered: nil
        case .request: .plain
        case .seen: .seen
        case .caps: .cap
        case .boosts: .boosts
        case .diversity: .diversity
        case .attributeFilter: .filter(perMille: 100)
        case .foldIn: .foldIn
        }
    }

    private static let rows = 10_240
    private static let dimension = 64
    private static let k = 10
    private static let rowsPerEligible: UInt32 = 10

    private var batchSize: Int {
        switch self {
        case .alone: 1
        case .filtered: 8
        default: 32
        }
    }

    /// Counts of the answered queries.
    struct Tally: Encodable {
        var queries = 0
        var rowsRescored = 0
        var rowsScanned = 0
        var checksum = ""
    }

    /// Answers at least `count` queries, in whole batches, on this thread.
    func run(queries count: Int, shipped: String) throws -> Tally {
        let team = ThreadTeam(count: 1)
        if let rule { return try run(rule, queries: count, shipped: shipped, team: team) }
        let model = try EngineModel(
            self == .filtered ? .shipped : .flat, rows: Self.rows, dimension: Self.dimension,
            shipped: shipped, team: team)
        let mask =
            self == .filtered
            ? RowMask(
                rows: (0..<UInt32(Self.rows)).filter { $0 % Self.rowsPerEligible == 0 },
                codes: model.side.codes)
            : nil
        let queries = model.planned(
            EngineModel.queryCount, k: Self.k, path: .int8,
            eligibility: mask.map { Eligibility(source: .masked($0), count: $0.count) })
        let runner = BatchRunner(model: model, team: team)
        var tally = Tally()
        var checksum = AnswerChecksum()
        while tally.queries < count {
            let first = tally.queries % queries.count
            let outcome = runner.run(Array(queries[first..<first + batchSize]))
            tally.queries += batchSize
            tally.rowsRescored += outcome.counts.reduce(0) { $0 + $1.rowsRescored }
            tally.rowsScanned += outcome.counts.reduce(0) { $0 + $1.rowsScanned }
            for answer in outcome.answers { checksum.add(answer) }
        }
        tally.checksum = checksum.value.hexadecimal
        return tally
    }

    /// Answers requests with a rule.
    private func run(_ rule: EngineRule, queries count: Int, shipped: String, team: ThreadTeam) throws
        -> Tally
    {
        let model = try RulesModel(
            .shipped, rows: Self.rows, dimension: Self.dimension, shipped: shipped, team: team)
        let series = RuleSeries(
            rule, batch: batchSize, model: model, runner: RuleRunner(model.generation))
        var tally = Tally()
        var observation = RuleSeries.Observation()
        while tally.queries < count {
            let outcome = try series.step()
            tally.queries += batchSize
            tally.rowsRescored += outcome.rowsRescored
            tally.rowsScanned += outcome.rowsScanned
            observation.add(outcome)
        }
        tally.checksum = observation.checksum
        return tally
    }
}
