import KindredDomain
import KindredQuery

/// Answers batches of queries on a team's threads as the server's event loops do: each thread has a worker on one
/// shared scan. The batch does not wait for a thread that has taken no unit of work.
final class BatchRunner: @unchecked Sendable {
    /// The result of one batch.
    struct Outcome {
        /// By query, best row first.
        let answers: [[RankingKey]]
        let counts: [ScanCounts]
    }

    private let model: EngineModel
    private let team: ThreadTeam
    /// Scratch memory by thread.
    private let scratches: [ScanScratch]
    /// Counts completed batches; `batchCount` counts those begun.
    private let completed = EventCount()
    private var batchCount = 0

    init(model: EngineModel, team: ThreadTeam) {
        self.model = model
        self.team = team
        scratches = (0..<team.count).map { _ in ScanScratch() }
    }

    /// Runs planned queries to ordered rows.
    func run(_ queries: [PlannedQuery]) -> Outcome {
        let batch = ScanBatch(generation: model.generation, target: model.side, queries: queries)
        scan(batch)
        var results = batch.takeResults()
        if let (rest, indices) = batch.makeRemainder() {
            scan(rest)
            for (index, result) in zip(indices, rest.takeResults()) {
                results[index].replace(by: result)
            }
        }
        return Outcome(
            answers: results.map { result in
                var top = result.best
                return top?.finish() ?? []
            }, counts: results.map(\.counts))
    }

    private func scan(_ batch: ScanBatch) {
        let work: ThreadTeam.Work = { [self] thread in
            // A thread that arrives after all units are taken has nothing to do.
            guard batch.hasUnits else { return }
            var worker = batch.makeWorker()
            while batch.work(&worker, scratch: scratches[thread]) {}
            if batch.deposit(worker) { completed.advance() }
        }
        batchCount += 1
        if batch.unitCount > 1 { team.share(work) } else { work(0) }
        completed.wait(for: batchCount)
    }
}

/// Batches of equal size, answered in turn, as a contender of a measurement.
final class BatchSeries {
    let batchSize: Int
    private let runner: BatchRunner
    private let batches: [[PlannedQuery]]
    private var next = 0

    /// Cuts the queries into whole batches; the rest is dropped.
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

    /// The answers of whole batches, up to at least `count` queries where there are as many.
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
