import KindredDomain
import KindredQuery
import KindredWire

/// A RECOMMEND on its way: it is planned and handed to the tick's scan, the results come back in one or more parts,
/// then its answer is built and written.
///
/// Only its connection's event loop touches it. Other loops carry it, and read its `worker` and whether its request is
/// dead.
final class RecommendJob: LoopJob, @unchecked Sendable {
    private enum Stage {
        /// The next step resolves ids and vectors to a plan.
        case planning(RecommendPlanner)
        /// Scans have the plan's queries, or those of `ranking` that need further rows. `found` has the results so far,
        /// where they come in more than one part.
        case scanning(queriesLeft: Int, found: [ScanResult], ranking: Ranking?)
        /// Every query is scanned: the next step ranks the rows by the request's rules.
        case ranking(Ranking)
        /// Every query is scanned and ranked: the next step begins the answer.
        case scanned(RecommendAnswer)
        /// The next step adds results to the answer.
        case answering(RecommendAnswer)
        /// The answer is complete and large: the next step only encodes and writes it.
        case complete(RecommendResponse)
        case ended
    }

    /// The rank stage of a plan whose queries were scanned. An object, because it is large and most requests have none.
    private final class Ranking {
        let plan: RecommendPlan
        let found: [ScanResult]
        var stage: RequestRanking

        init(_ plan: RecommendPlan, _ found: ArraySlice<ScanResult>, scan: ScanMode) {
            self.plan = plan
            stage = RequestRanking(plan, found: found, mode: scan)
            // The answer needs the counts alone.
            self.found = found.map { result in
                var counts = ScanResult()
                counts.counts = result.counts
                return counts
            }
        }
    }

    let request: PendingRequest
    let worker: LoopWorker
    var connection: ConnectionHandler? { request.connection }
    private var stage: Stage
    private let scanMode: ScanMode
    private var failedQueryCount = 0
    /// True where the next step does nothing: the scan that found many rows hands out others' results just now.
    private var isResting = false
    /// Fewer where results are wide.
    private let resultsPerStep: Int

    init(_ request: PendingRequest, _ body: RecommendRequest, _ planner: RecommendPlanner, scan: ScanMode) {
        self.request = request
        worker = request.connection.worker
        resultsPerStep = Self.resultsPerStep(body, over: planner.generation)
        scanMode = scan
        stage = .planning(planner)
    }

    /// Results that are put into a reply in one step: fewer where each has much text.
    private static func resultsPerStep(_ request: RecommendRequest, over generation: Generation) -> Int {
        guard !request.columns.isEmpty else { return StepSize.results }
        let width = RequestCost.resultWidth(generation.side(request.scope.target), columns: request.columns)
        return max(1, min(StepSize.results, StepSize.replyBytes / max(1, width)))
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        if isResting {
            isResting = false
            return .working
        }
        // Moved out, so that the arrays of a stage have one owner while they grow. Without `consume` at the calls below
        // the compiler keeps a second owner, and the arrays are copied.
        var current = Stage.ended
        swap(&current, &stage)
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            switch consume current {
            case .planning(let planner):
                guard case .done(let plan) = try planner.step(idCount: StepSize.ids) else {
                    stage = .planning(planner)
                    return planner.isWaiting ? .waiting : .working
                }
                if let filters = planner.filterCounts { worker.metrics.count(filters) }
                scan(plan)
                return .finished
            case .ranking(let ranking): return rank(ranking)
            case .scanned(var answer):
                if request.isLarge {
                    answer.reserve(byteCountMax: Int(worker.server.limits.replyBytesMax))
                }
                return try build(consume answer)
            case .answering(let answer): return try build(consume answer)
            case .complete(let response): return write(response)
            case .scanning, .ended: return .finished
            }
        } catch {
            request.fail(error)
            return .finished
        }
    }

    /// Hands the queries to the tick's scan.
    private func scan(_ plan: RecommendPlan) {
        request.releasePlanning()
        failedQueryCount = plan.failureCount
        stage = .scanning(queriesLeft: plan.queries.count, found: [], ranking: nil)
        worker.scan(self, plan)
    }

    /// Takes the results for a part of the plan, of a scan that began at `startedAt`. True once every query has its
    /// result: then the next steps answer.
    func take(
        _ results: ArraySlice<ScanResult>, of part: ScanPart, startedAt: UInt64, on worker: LoopWorker
    ) -> Bool {
        var current = Stage.ended
        swap(&current, &stage)
        guard case .scanning(var queriesLeft, var found, let ranking) = consume current else { return false }
        // A request's first part is scanned before its other parts, and before the further rows of its rank stage.
        if part.number == 0, ranking == nil { request.startedAt = startedAt }
        var results = results
        let queryCount = part.plan.queries.count
        if part.queries.count < queryCount {
            if found.isEmpty { found = Array(repeating: ScanResult(), count: queryCount) }
            found.replaceSubrange(part.queries, with: results)
            queriesLeft -= part.queries.count
            if queriesLeft > 0 {
                stage = .scanning(queriesLeft: queriesLeft, found: found, ranking: ranking)
                return false
            }
            results = found[...]
        } else if !request.connection.isWritable {
            // The job waits until its peer reads. Meanwhile it must not keep the results of other requests.
            results = Array(results)[...]
        }
        if request.isAnswered { return false }
        countRows(results, worker.metrics)
        isResting = part.plan.foundCountMax > StepSize.results
        if let ranking {
            ranking.stage.take(results)
            stage = .ranking(ranking)
        } else if part.plan.needsRanking {
            stage = .ranking(Ranking(part.plan, results, scan: scanMode))
        } else {
            stage = .scanned(RecommendAnswer(plan: part.plan, found: results))
        }
        return true
    }

    /// Ranks the rows that were found, and asks the tick's scan for further ones where the rules need them.
    private func rank(_ ranking: Ranking) -> LoopJobProgress {
        switch ranking.stage.step(budget: StepSize.rankedRows) {
        case .working:
            stage = .ranking(ranking)
            return .working
        case .needsRows(let fetch):
            worker.metrics.furtherScans.count(UInt64(fetch.queries.count))
            stage = .scanning(queriesLeft: fetch.queries.count, found: [], ranking: ranking)
            worker.scan(self, ranking.plan.further(fetch), isFurther: true)
            return .finished
        case .done(let ranked):
            stage = .scanned(RecommendAnswer(plan: ranking.plan, found: ranking.found[...], ranked: ranked))
            return .working
        }
    }

    /// Adds results to the answer. Writes it when it is complete, at once unless it is large.
    private func build(_ answer: consuming RecommendAnswer) throws(RequestFailure) -> LoopJobProgress {
        let step = answer.step(resultCount: resultsPerStep)
        try checkReply(byteCount: answer.byteCount, worker.server.limits)
        guard case .done(let response) = step else {
            stage = .answering(answer)
            return .working
        }
        guard answer.byteCount <= StepSize.replyBytes else {
            stage = .complete(response)
            return .working
        }
        return write(response)
    }

    private func write(_ response: consuming RecommendResponse) -> LoopJobProgress {
        let writtenAt = worker.now()
        request.stamp(&response.origin, now: writtenAt)
        count(response, worker.metrics)
        request.answer(.recommend(response), now: writtenAt)
        return .finished
    }

    /// Throws LIMIT_EXCEEDED where the reply becomes too large, which its columns decide.
    private func checkReply(byteCount: Int, _ limits: Limits) throws(RequestFailure) {
        guard byteCount > Int(limits.replyBytesMax) else { return }
        throw .limitExceeded(.replyBytes, found: UInt64(byteCount), limit: UInt64(limits.replyBytesMax))
    }

    private func countRows(_ results: ArraySlice<ScanResult>, _ metrics: LoopMetrics) {
        var counts = ScanCounts()
        for result in results {
            counts.rowsScanned += result.counts.rowsScanned
            counts.rowsRescored += result.counts.rowsRescored
        }
        metrics.rowsScanned.count(UInt64(counts.rowsScanned))
        metrics.rowsRescored.count(UInt64(counts.rowsRescored))
    }

    private func count(_ response: RecommendResponse, _ metrics: LoopMetrics) {
        metrics.queries.count(UInt64(response.outcomes.count))
        metrics.queryFailures.count(UInt64(failedQueryCount))
        metrics.queueMicroseconds.count(UInt64(response.origin.queueMicroseconds))
        metrics.computeMicroseconds.count(UInt64(response.origin.computeMicroseconds))
    }
}
