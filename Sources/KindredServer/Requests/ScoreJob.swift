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

    init(_ request: PendingRequest, _ plan: consuming ScorePlan) {
        self.request = request
        stage = .waiting(plan)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        var current = Stage.ended
        swap(&current, &stage)
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            switch consume current {
            case .waiting(let plan):
                request.startedAt = now
                return try score(consume plan, on: worker)
            case .scoring(let plan): return try score(consume plan, on: worker)
            case .ended: return .finished
            }
        } catch {
            request.fail(error)
            return .finished
        }
    }

    private func score(
        _ plan: consuming ScorePlan, on worker: LoopWorker
    ) throws(RequestFailure) -> LoopJobProgress {
        guard case .done(var response) = try plan.step(candidateCount: StepSize.ids) else {
            let isWaiting = plan.isWaiting
            stage = .scoring(plan)
            return isWaiting ? .waiting : .working
        }
        request.stamp(&response.origin, now: worker.now())
        worker.metrics.queries.count(UInt64(response.outcomes.count))
        worker.metrics.count(plan.filterCounts)
        request.answer(.score(response))
        return .finished
    }
}
