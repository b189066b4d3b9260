import KindredDomain
import KindredQuery
import KindredWire

/// Answers a GET_VECTORS.
final class VectorsJob: LoopJob {
    private enum Stage {
        /// No step was done yet.
        case waiting(VectorsPlan)
        /// The next step copies further vectors.
        case copying(VectorsPlan)
        case ended
    }

    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var stage: Stage

    init(
        _ request: PendingRequest, _ body: VectorsRequest, _ generation: Generation, _ limits: Limits
    ) throws(RequestFailure) {
        self.request = request
        stage = .waiting(try VectorsPlan(request: body, generation: generation, limits: limits))
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        var current = Stage.ended
        swap(&current, &stage)
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            switch consume current {
            case .waiting(let plan):
                request.startedAt = now
                return try copy(consume plan, on: worker)
            case .copying(let plan): return try copy(consume plan, on: worker)
            case .ended: return .finished
            }
        } catch {
            request.fail(error)
            return .finished
        }
    }

    private func copy(
        _ plan: consuming VectorsPlan, on worker: LoopWorker
    ) throws(RequestFailure) -> LoopJobProgress {
        guard case .done(var response) = try plan.step(elementCount: StepSize.elements) else {
            stage = .copying(plan)
            return .working
        }
        request.stamp(&response.origin, now: worker.now())
        request.answer(.vectors(response))
        return .finished
    }
}
