import KindredDomain
import KindredQuery
import KindredWire

/// Sends each request where it is worked on.
struct RequestDispatcher {
    let worker: LoopWorker

    /// `isEnd`: the client sends nothing more for the request. Throws what keeps it from being worked on at all.
    func dispatch(
        _ message: consuming ClientMessage, _ request: PendingRequest, isEnd: Bool
    ) throws(RequestFailure) {
        switch consume message {
        case .hello(let hello):
            request.connection.clientName = hello.clientName ?? ""
            request.answer(
                .helloOK(
                    HelloReply(
                        limits: worker.server.limits, serverName: ServerConfiguration.serverName,
                        defaultModel: worker.generations.defaultModel)))
        case .ping(let value): request.answer(.pong(value))
        case .recommend(let body):
            let generation = try generation(of: body.scope)
            if mayWait(body, generation) {
                try worker.checkQueue(
                    of: ScanKey(generation, target: body.scope.target),
                    queryCount: body.scope.queries.count, now: request.receivedAt)
            }
            let job = try RecommendJob(request, body, generation, scan: worker.server.scan)
            try admit(
                RequestCost(
                    body, bodyByteCount: request.bodyByteCount, over: generation, worker.server.limits),
                request)
            request.connection.start(job, now: request.receivedAt)
        case .score(let body):
            let generation = try generation(of: body.scope)
            let job = try ScoreJob(request, body, generation)
            try admit(
                RequestCost(
                    body, bodyByteCount: request.bodyByteCount, over: generation, worker.server.limits),
                request)
            request.connection.start(job, now: request.receivedAt)
        case .vectors(let body):
            let generation = try worker.generations.generation(model: body.model, version: body.version)
            let job = try VectorsJob(request, body, generation, worker.server.limits)
            try admit(
                RequestCost(
                    body, bodyByteCount: request.bodyByteCount, over: generation, worker.server.limits),
                request)
            request.connection.start(job, now: request.receivedAt)
        case .modelList(let model):
            request.connection.start(ModelListJob(request, model), now: request.receivedAt)
        case .modelLoad(let body):
            try worker.server.supervisor.submit(.look(body), claim: request.claimed()) { answer($0, request) }
        case .modelSwitch(let body):
            try worker.server.supervisor.submit(.change(body), claim: request.claimed()) {
                answer($0, request)
            }
        case .stats: request.answer(.stats(worker.server.stats))
        case .health: request.answer(.health(worker.server.health(isDraining: worker.isDraining)))
        case .lookalike(let body):
            try request.connection.openStream(request, body, seedsEnd: isEnd)
        case .goAway, .window, .cancel, .data:
            preconditionFailure("the connection handles type \(request.type)")
        }
    }

    /// Takes room for a request that is not small; throws OVERLOADED where there is none, before anything is done
    /// for it.
    private func admit(_ cost: RequestCost, _ request: PendingRequest) throws(RequestFailure) {
        guard !cost.isSmall(worker.server.limits) else { return }
        try request.charge(cost, on: worker)
    }

    private func generation(of scope: QueryScope) throws(RequestFailure) -> Generation {
        try worker.generations.generation(model: scope.model, version: scope.version)
    }

    /// False where there are so few candidates that they alone would be scored in their tick: they wait for others at
    /// most where those come with them.
    private func mayWait(_ body: RecommendRequest, _ generation: Generation) -> Bool {
        guard let candidates = body.candidates, let side = generation.side(body.scope.target) else {
            return true
        }
        return !ScanPlanner.gathers(
            candidates, queryCount: body.scope.queries.count, over: side,
            operationCountMax: LoopWorker.operationsPerSliceMax)
    }

    /// Brings the supervisor's answer back to the request's loop.
    private func answer(
        _ result: Result<ModelSwitchResponse, RequestFailure>, _ request: PendingRequest
    ) {
        switch result {
        case .success(let response): request.answer(.modelSwitch(response))
        case .failure(let failure): request.answer(.failure(ErrorReply(failure)))
        }
    }
}
