import KindredDomain
import KindredQuery
import KindredWire

/// Hands each request that is to be worked on to the code that works on it.
struct RequestDispatcher {
    let worker: LoopWorker

    /// Begins to work on a request. `generation`: the one that admission has chosen. `isEnd`: the client sends nothing
    /// more for the request. Throws where no work is begun.
    func dispatch(
        _ message: consuming ClientMessage, _ request: PendingRequest, _ generation: Generation?, isEnd: Bool
    ) throws(RequestFailure) {
        let limits = worker.server.limits
        switch consume message {
        case .hello(let hello):
            request.connection.clientName = hello.clientName ?? ""
            request.answer(
                .helloOK(
                    HelloReply(
                        limits: limits, serverName: ServerConfiguration.serverName,
                        defaultModel: worker.admission.generations.defaultModel)))
        case .ping(let value): request.answer(.pong(value))
        case .recommend(let body):
            let generation = try require(generation, model: body.scope.model, version: body.scope.version)
            if mayWait(body, generation) {
                try worker.checkQueue(
                    of: ScanKey(generation, target: body.scope.target),
                    queryCount: body.scope.queries.count,
                    resultCount: Int(body.k) + Int(body.rules?.offset ?? 0), now: request.receivedAt)
            }
            let planner = try RecommendPlanner(
                request: body, generation: generation, scan: worker.server.scan, limits: limits)
            let cost = RequestCost(
                body, planning: planner.cost, bodyByteCount: request.bodyByteCount, over: generation, limits)
            let job = RecommendJob(request, body, planner, scan: worker.server.scan)
            try start(job, request, cost)
        case .score(let body):
            let generation = try require(generation, model: body.scope.model, version: body.scope.version)
            let plan = try ScorePlan(request: body, generation: generation, limits: limits)
            let cost = RequestCost(
                body, lookups: plan.lookups, filterByteCount: plan.byteCount,
                bodyByteCount: request.bodyByteCount, over: generation, limits)
            let job = ScoreJob(request, plan)
            try start(job, request, cost)
        case .vectors(let body):
            let generation = try require(generation, model: body.model, version: body.version)
            let job = try VectorsJob(request, body, generation, limits)
            let cost = RequestCost(
                body, bodyByteCount: request.bodyByteCount, over: generation, limits)
            try start(job, request, cost)
        case .filter(let body):
            let generation = try require(generation, model: body.model, version: body.version)
            let plan = try FilterPlan(request: body, generation: generation, limits: limits)
            let cost = RequestCost(
                lookups: plan.lookups, filterByteCount: plan.byteCount, bodyByteCount: request.bodyByteCount)
            try start(FilterJob(request, plan), request, cost)
        case .lookalike(let body):
            try request.connection.checkStreamCount()
            let generation = try require(generation, model: body.model, version: body.version)
            try request.connection.openStream(request, body, generation, seedsEnd: isEnd)
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
        case .goAway, .window, .cancel, .data:
            preconditionFailure("the connection handles type \(request.type)")
        }
    }

    /// The generation of a request, or why none answers it.
    private func require(
        _ generation: Generation?, model: ModelName?, version: UInt64
    ) throws(RequestFailure) -> Generation {
        guard let generation else { throw worker.admission.refusal(model: model, version: version) }
        return generation
    }

    /// Starts a job. A request that is not small takes room first: throws OVERLOADED, before any work is done, where
    /// there is none.
    private func start(
        _ job: any LoopJob, _ request: PendingRequest, _ cost: RequestCost
    ) throws(RequestFailure) {
        if !cost.isSmall(worker.server.limits) { try request.charge(cost, on: worker) }
        request.connection.start(job, now: request.receivedAt)
    }

    /// Whether a request may have to wait in the queue of long scans. False where it has so few candidates that they
    /// alone are scored within the tick.
    private func mayWait(_ body: RecommendRequest, _ generation: Generation) -> Bool {
        guard let candidates = body.candidates, let side = generation.side(body.scope.target) else {
            return true
        }
        return !ScanPlanner.gathers(
            candidates, queryCount: body.scope.queries.count, over: side,
            operationCountMax: LoopWorker.operationsPerSliceMax)
    }

    /// Answers with the supervisor's result.
    private func answer(
        _ result: Result<ModelSwitchResponse, RequestFailure>, _ request: PendingRequest
    ) {
        switch result {
        case .success(let response): request.answer(.modelSwitch(response))
        case .failure(let failure): request.answer(.failure(ErrorReply(failure)))
        }
    }
}
