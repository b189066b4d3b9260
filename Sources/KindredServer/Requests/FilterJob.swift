import KindredDomain
import KindredQuery
import KindredWire

/// Answers a FILTER.
final class FilterJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private var plan: FilterPlan
    private var isBegun = false

    init(_ request: PendingRequest, _ plan: FilterPlan) {
        self.request = request
        self.plan = plan
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now) { throw obstacle }
            if !isBegun {
                isBegun = true
                request.startedAt = now
            }
            guard case .done(var response) = try plan.step(idCount: StepSize.ids) else {
                return plan.isWaiting ? .waiting : .working
            }
            if !response.isKept {
                response.evaluateMicroseconds = PendingRequest.microseconds(
                    worker.now() &- request.startedAt)
            }
            worker.metrics.count(plan.filterCounts)
            request.answer(.filter(response))
        } catch {
            request.fail(error)
        }
        return .finished
    }
}
