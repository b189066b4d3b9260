import KindredDomain
import KindredQuery
import KindredWire

/// A RECOMMEND on its way: it is planned and handed to the tick's scan, what was found comes back in one or more parts,
/// then its answer is built and written.
///
/// Touched by its connection's event loop alone; other loops carry it, and read whose it is.
final class RecommendJob: LoopJob, @unchecked Sendable {
    let request: PendingRequest
    let worker: LoopWorker
    var connection: ConnectionHandler? { request.connection }
    private var planner: RecommendPlanner?
    private var plan: RecommendPlan?
    /// One for each planned query, where they come in more than one part.
    private var found: [ScanResult] = []
    private var queriesLeft = 0
    private var answer: RecommendAnswer?
    private var hasAnswerBegun = false
    /// Fewer where results are wide.
    private let resultsPerStep: Int

    init(
        _ request: PendingRequest, _ body: RecommendRequest, _ generation: Generation, scan: ScanMode
    ) throws(RequestFailure) {
        self.request = request
        worker = request.connection.worker
        resultsPerStep = LoopWorker.resultsPerStep(body, over: generation)
        planner = try RecommendPlanner(request: body, generation: generation, scan: scan)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            if planner != nil {
                guard case .done(let plan) = try planner!.step(idCount: LoopWorker.idsPerStep) else {
                    return .working
                }
                planner = nil
                request.releasePlanning()
                queriesLeft = plan.queries.count
                self.plan = plan
                worker.scan(self, plan)
            } else {
                if !hasAnswerBegun {
                    hasAnswerBegun = true
                    if request.isLarge {
                        answer!.reserve(byteCountMax: Int(worker.server.limits.replyBytesMax))
                    }
                }
                let step = answer!.step(resultCount: resultsPerStep)
                try checkReply(byteCount: answer!.byteCount, worker.server.limits)
                guard case .done(var response) = step else { return .working }
                answer = nil
                let writtenAt = worker.now()
                request.stamp(&response.origin, now: writtenAt)
                count(response, worker.metrics)
                request.answer(.recommend(response), now: writtenAt)
            }
        } catch {
            request.fail(error)
        }
        return .finished
    }

    /// A reply has a greatest size, whatever its columns hold.
    private func checkReply(byteCount: Int, _ limits: Limits) throws(RequestFailure) {
        guard byteCount > Int(limits.replyBytesMax) else { return }
        answer = nil
        throw .limitExceeded(.replyBytes, found: UInt64(byteCount), limit: UInt64(limits.replyBytesMax))
    }

    /// Takes what was found for some of the planned queries. True once that is all: then the next steps answer.
    func take(_ results: ArraySlice<ScanResult>, of queries: Range<Int>, on worker: LoopWorker) -> Bool {
        guard let plan else { return false }
        var results = results
        if queries.count < plan.queries.count {
            if found.isEmpty { found = Array(repeating: ScanResult(), count: plan.queries.count) }
            found.replaceSubrange(queries, with: results)
            queriesLeft -= queries.count
            if queriesLeft > 0 { return false }
            results = found[...]
            found = []
        } else if !request.connection.isWritable {
            // It will wait until its peer reads, and must not keep what was found for others.
            results = Array(results)[...]
        }
        if request.isAnswered { return false }
        var counts = ScanCounts()
        for result in results {
            counts.rowsScanned += result.counts.rowsScanned
            counts.rowsRescored += result.counts.rowsRescored
        }
        worker.metrics.rowsScanned.count(UInt64(counts.rowsScanned))
        worker.metrics.rowsRescored.count(UInt64(counts.rowsRescored))
        answer = RecommendAnswer(plan: plan, found: results)
        return true
    }

    private func count(_ response: RecommendResponse, _ metrics: LoopMetrics) {
        metrics.queries.count(UInt64(response.outcomes.count))
        metrics.queryFailures.count(UInt64(plan?.failures.count ?? 0))
        metrics.queueMicroseconds.count(UInt64(response.origin.queueMicroseconds))
        metrics.computeMicroseconds.count(UInt64(response.origin.computeMicroseconds))
    }
}
