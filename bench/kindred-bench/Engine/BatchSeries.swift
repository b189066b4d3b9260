import KindredDomain
import KindredQuery

/// Batches of the same kind, answered one after another, as something to measure.
final class BatchSeries {
    let batchSize: Int
    private let runner: BatchRunner
    private let batches: [[PlannedQuery]]
    private var next = 0

    /// Cuts the queries into batches; what is left of them is left out.
    init(_ queries: [PlannedQuery], batchSize: Int, runner: BatchRunner) {
        self.batchSize = batchSize
        self.runner = runner
        batches = (0..<queries.count / batchSize).map {
            Array(queries[$0 * batchSize..<($0 + 1) * batchSize])
        }
    }

    var contender: Interleaved.Contender { .work { self.step() } }

    /// Answers the next batch.
    func step() {
        _ = runner.run(batches[next])
        next = (next + 1) % batches.count
    }

    /// The answers to the first queries, in whole batches, at least `count` where there are so many.
    func outcome(atLeast count: Int) -> BatchRunner.Outcome {
        var answers: [[RankingKey]] = []
        var counts: [ScanCounts] = []
        for batch in batches where answers.count < count {
            let outcome = runner.run(batch)
            answers += outcome.answers
            counts += outcome.counts
        }
        return BatchRunner.Outcome(answers: answers, counts: counts)
    }
}
