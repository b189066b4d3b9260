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

    @Argument(help: "alone, batch or filtered.") var name: FixedCase
    @Option(help: "Queries, at least; whole batches are answered.") var queries = 128
    @Option(help: "The folder of the version that the filtered case's vectors are drawn like.")
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

    private static let rows = 10_240
    private static let dimension = 64
    private static let k = 10
    private static let rowsPerEligible: UInt32 = 10

    private var batchSize: Int {
        switch self {
        case .alone: 1
        case .batch: 32
        case .filtered: 8
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
}
