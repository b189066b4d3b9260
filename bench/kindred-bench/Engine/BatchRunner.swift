import KindredDomain
import KindredQuery

/// Answers batches of queries on a crew's threads, as the server's loops do: each with a worker on a shared scan, and
/// nobody waits for a thread that has taken nothing.
final class BatchRunner: @unchecked Sendable {
    /// What a batch came to.
    struct Outcome {
        /// By query, best first.
        let answers: [[RankingKey]]
        let counts: [ScanCounts]
    }

    private let model: EngineModel
    private let crew: Crew
    /// One for each thread, which alone uses it.
    private let scratches: [ScanScratch]
    /// Batches that are complete, and those that were begun.
    private let completed = Gate()
    private var batchCount = 0

    init(model: EngineModel, crew: Crew) {
        self.model = model
        self.crew = crew
        scratches = (0..<crew.count).map { _ in ScanScratch() }
    }

    /// Finds the answers of the queries, from planned queries to ordered rows.
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
        let work: Crew.Work = { [self] thread in
            // Who comes when everything is taken has nothing to do.
            guard batch.hasUnits else { return }
            var worker = batch.makeWorker()
            while batch.work(&worker, scratch: scratches[thread]) {}
            if batch.deposit(worker) { completed.advance() }
        }
        batchCount += 1
        if batch.unitCount > 1 { crew.share(work) } else { work(0) }
        completed.wait(for: batchCount)
    }
}
