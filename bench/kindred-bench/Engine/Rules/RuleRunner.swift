import KindredDomain
import KindredQuery

/// Answers requests on one thread from ids to the reply's columns, in the steps of a server's event loop.
final class RuleRunner {
    /// An answer, and what became of its queries on the way.
    struct Outcome {
        let response: RecommendResponse
        let plan: RecommendPlan
        var rowsRescored = 0
        var rowsScanned = 0
    }

    /// The sizes of a server's steps.
    private static let idsPerStep = 512
    private static let rankedRowsPerStep = 4_096
    private static let resultsPerStep = 4_096

    private let generation: Generation
    private let scratch = ScanScratch()

    init(_ generation: Generation) { self.generation = generation }

    /// Answers a request. Throws where it is refused.
    func answer(_ request: RecommendRequest) throws -> Outcome {
        let planner = try RecommendPlanner(request: request, generation: generation)
        var planned: RecommendPlan?
        while planned == nil {
            if case .done(let plan) = try planner.step(idCount: Self.idsPerStep) { planned = plan }
        }
        guard let plan = planned else { preconditionFailure("planned to the end") }
        let found = scan(plan)
        let ranked = plan.needsRanking ? rank(plan, found) : nil
        var answer = RecommendAnswer(plan: plan, found: found[...], ranked: ranked)
        while true {
            if case .done(let response) = answer.step(resultCount: Self.resultsPerStep) {
                var outcome = Outcome(response: response, plan: plan)
                for result in found {
                    outcome.rowsRescored += result.counts.rowsRescored
                    outcome.rowsScanned += result.counts.rowsScanned
                }
                for query in ranked ?? [] {
                    outcome.rowsRescored += query?.counts.rowsRescored ?? 0
                    outcome.rowsScanned += query?.counts.rowsScanned ?? 0
                }
                return outcome
            }
        }
    }

    /// Ranks what the scans of a plan have found, with further scans as long as the rules ask for them.
    private func rank(_ plan: RecommendPlan, _ found: [ScanResult]) -> [RequestRanking.Ranked?] {
        var ranking = RequestRanking(plan, found: found)
        while true {
            switch ranking.step(budget: Self.rankedRowsPerStep) {
            case .working: break
            case .needsRows(let fetch): ranking.take(scan(plan.further(fetch)))
            case .done(let ranked): return ranked
            }
        }
    }

    private func scan(_ plan: RecommendPlan) -> [ScanResult] {
        let batch = ScanBatch(generation: plan.generation, target: plan.side, queries: plan.queries)
        var found = scan(batch)
        if let (rest, indices) = batch.makeRemainder() {
            for (index, result) in zip(indices, scan(rest)) { found[index].replace(by: result) }
        }
        return found
    }

    private func scan(_ batch: ScanBatch) -> [ScanResult] {
        var worker = batch.makeWorker()
        while batch.work(&worker, scratch: scratch) {}
        guard batch.deposit(worker) else { preconditionFailure("one worker completes a batch") }
        return batch.takeResults()
    }
}
