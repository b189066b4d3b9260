import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem

/// Answers one query by each engine over each side of a generation before it serves, so that no request meets
/// memory or code that was never touched.
enum GenerationWarmer {
    /// Throws where the load is cancelled.
    static func warm(_ generation: Generation, with means: LoadResources) throws(FileFailure) {
        for side in [Side.items, .users] {
            guard let target = generation.side(side) else { continue }
            let queries = [PlannedQuery.Path.int8, .blas].map {
                PlannedQuery(
                    ranking: RankingVector(QueryVector(row: 0, of: target.table), similarity: .dot),
                    fetchCount: 10, eligibility: Eligibility(count: target.table.count), path: $0)
            }
            let batch = ScanBatch(generation: generation, target: target, queries: queries)
            let scratch = ScanScratch()
            var worker = batch.makeWorker()
            while batch.work(&worker, scratch: scratch) { try means.threads.checkCancellation() }
            _ = batch.deposit(worker)
        }
    }
}
