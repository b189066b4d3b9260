import KindredDomain
import KindredQuery
import KindredWire

/// Answers a SCORE.
final class ScoreJob: LoopJob {
    private enum Stage {
        /// No step was done yet.
        case waiting(ScorePlan)
        /// The next step scores further candidates.
        case scoring(ScorePlan)
        case ended
    }

    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var stage: Stage

    init(_ request: PendingRequest, _ body: ScoreRequest, _ generation: Generation) throws(RequestFailure) {
        self.request = request
        stage = .waiting(try ScorePlan(request: body, generation: generation))
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        var current = Stage.ended
        swap(&current, &stage)
        if let obstacle = request.obstacle(now: now) {
            request.fail(obstacle)
            return .finished
        }
        switch consume current {
        case .waiting(let plan):
            request.startedAt = now
            return score(consume plan, on: worker)
        case .scoring(let plan): return score(consume plan, on: worker)
        case .ended: return .finished
        }
    }

    private func score(_ plan: consuming ScorePlan, on worker: LoopWorker) -> LoopJobProgress {
        guard case .done(var response) = plan.step(candidateCount: StepSize.ids) else {
            stage = .scoring(plan)
            return .working
        }
        request.stamp(&response.origin, now: worker.now())
        worker.metrics.queries.count(UInt64(response.outcomes.count))
        request.answer(.score(response))
        return .finished
    }
}
