import KindredDomain
import KindredWire

/// Answers a MODEL_LIST with the list that was encoded when it last changed.
///
/// A job, since the reply is large beside the request: a connection has one job at a time, and none while its peer does
/// not read the replies.
final class ModelListJob: LoopJob {
    private let request: PendingRequest
    var connection: ConnectionHandler? { request.connection }
    private let model: ModelName?

    /// `model`: the only one to list; nil: all.
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
