import KindredDomain
import KindredQuery
import KindredWire

/// Answers a SCORE.
final class ScoreJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var plan: ScorePlan
    private var hasBegun = false

    init(_ request: PendingRequest, _ body: ScoreRequest, _ generation: Generation) throws(RequestFailure) {
        self.request = request
        plan = try ScorePlan(request: body, generation: generation)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        if let obstacle = request.obstacle(now: now) {
            request.fail(obstacle)
            return .finished
        }
        if !hasBegun {
            hasBegun = true
            request.startedAt = now
        }
        guard case .done(var response) = plan.step(candidateCount: LoopWorker.idsPerStep) else {
            return .working
        }
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
    private var hasBegun = false

    init(
        _ request: PendingRequest, _ body: VectorsRequest, _ generation: Generation, _ limits: Limits
    ) throws(RequestFailure) {
        self.request = request
        plan = try VectorsPlan(request: body, generation: generation, limits: limits)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            if !hasBegun {
                hasBegun = true
                request.startedAt = now
            }
            guard case .done(var response) = try plan.step(elementCount: LoopWorker.elementsPerStep) else {
                return .working
            }
            request.stamp(&response.origin, now: worker.now())
            request.answer(.vectors(response))
        } catch {
            request.fail(error)
        }
        return .finished
    }
}

/// Answers a MODEL_LIST with what was encoded for all who ask. A job, since the reply is large for what asks for it: a
/// connection has one at a time, and none while it does not read its replies.
final class ModelListJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private let model: ModelName?

    init(_ request: PendingRequest, _ model: ModelName?) {
        self.request = request
        self.model = model
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            let body = try worker.server.supervisor.list.reply(model)
            let cost = RequestCost(replyByteCount: body.bytes.count)
            if !cost.isSmall(worker.server.limits) { try request.charge(cost, on: worker) }
            request.answer(.encoded(body))
        } catch {
            request.fail(error)
        }
        return .finished
    }
}
