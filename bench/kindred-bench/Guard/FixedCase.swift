import ArgumentParser
import KindredModel
import KindredQuery

/// One of the few cases whose work is counted instead of timed: the same vectors, queries and batches every time.
enum FixedCase: String, CaseIterable, ExpressibleByArgument {
    /// One query at a time.
    case alone
    /// 32 queries that share a scan.
    case batch
    /// 8 queries that share a scan of vectors like the shipped model's, behind a mask that keeps one row in ten.
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

    /// What answering so many queries, in whole batches, came to.
    struct Tally: Encodable {
        var queries = 0
        var rowsRescored = 0
        var rowsScanned = 0
        var checksum = ""
    }

    /// Answers at least `count` queries on this thread.
    func run(queries count: Int, shipped: String) throws -> Tally {
        let crew = Crew(count: 1)
        let model = try EngineModel(
            self == .filtered ? .shipped : .flat, rows: Self.rows, dimension: Self.dimension,
            shipped: shipped, crew: crew)
        let mask =
            self == .filtered
            ? RowMask(
                rows: (0..<UInt32(Self.rows)).filter { $0 % Self.rowsPerEligible == 0 },
                codes: model.side.codes)
            : nil
        let queries = model.planned(
            EngineModel.queryCount, k: Self.k, path: .int8,
            eligibility: mask.map { Eligibility(source: .masked($0), count: $0.count) })
        let runner = BatchRunner(model: model, crew: crew)
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
