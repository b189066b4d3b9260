import KindredDomain
import KindredQuery
import KindredWire

/// Plans a RECOMMEND and hands it to the tick's scan.
final class RecommendJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private let planner: RecommendPlanner

    init(
        _ request: PendingRequest, _ body: RecommendRequest, _ generation: Generation, scan: ScanMode
    ) throws(RequestFailure) {
        self.request = request
        planner = try RecommendPlanner(request: body, generation: generation, scan: scan)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            guard try planner.step(idCount: LoopWorker.idsPerStep) else { return .working }
            worker.scan(request, planner.finish())
        } catch {
            request.fail(error)
        }
        return .finished
    }
}

/// Answers a SCORE.
final class ScoreJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var plan: ScorePlan

    init(_ request: PendingRequest, _ body: ScoreRequest, _ generation: Generation) throws(RequestFailure) {
        self.request = request
        plan = try ScorePlan(request: body, generation: generation)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        if let obstacle = request.obstacle(now: now) {
            request.fail(obstacle)
            return .finished
        }
        guard plan.step(candidateCount: LoopWorker.idsPerStep) else { return .working }
        var response = plan.finish()
        request.stamp(&response.origin, now: worker.now())
        worker.metrics.queries.count(UInt64(response.outcomes.count))
        request.answer(.score(response))
        return .finished
    }
}

/// Answers a GET_VECTORS.
final class VectorsJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var plan: VectorsPlan

    init(
        _ request: PendingRequest, _ body: VectorsRequest, _ generation: Generation, _ limits: Limits
    ) throws(RequestFailure) {
        self.request = request
        plan = try VectorsPlan(request: body, generation: generation, limits: limits)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            guard try plan.step(elementCount: LoopWorker.idsPerStep * 64) else { return .working }
            var response = plan.finish()
            request.stamp(&response.origin, now: worker.now())
            request.answer(.vectors(response))
        } catch {
            request.fail(error)
        }
        return .finished
    }
}

/// Builds and writes the answer to a RECOMMEND whose rows are selected.
final class AnswerJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private let answer: RecommendAnswer
    private let pieces: AnswerPieces

    init(_ request: PendingRequest, _ pieces: AnswerPieces) {
        self.request = request
        self.pieces = pieces
        answer = RecommendAnswer(plan: pieces.plan, best: pieces.best, counts: pieces.counts)
        pieces.best = []
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        if let obstacle = request.obstacle(now: now) {
            request.fail(obstacle)
            return .finished
        }
        guard answer.step(resultCount: LoopWorker.resultsPerStep) else { return .working }
        var response = answer.finish()
        request.stamp(&response.origin, now: worker.now())
        let metrics = worker.metrics
        metrics.rowsScanned.count(pieces.counts.reduce(0) { $0 + UInt64($1.rowsScanned) })
        metrics.rowsRescored.count(pieces.counts.reduce(0) { $0 + UInt64($1.rowsRescored) })
        metrics.queries.count(UInt64(pieces.plan.slots.count))
        metrics.queryFailures.count(UInt64(pieces.plan.slots.count - pieces.plan.queries.count))
        metrics.queueMicroseconds.count(UInt64(response.origin.queueMicroseconds))
        metrics.computeMicroseconds.count(UInt64(response.origin.computeMicroseconds))
        request.answer(.recommend(response))
        return .finished
    }
}
