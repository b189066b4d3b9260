import KindredDomain
import KindredQuery
import Logging
import NIOCore
import Synchronization

/// Who has room on a loop: which large requests are admitted, and whose connection ends where memory is short.
extension LoopWorker {
    /// A connection of this loop holds so many bytes more, or fewer. Where all hold too much, memory is freed soon.
    func changeHeld(by byteCount: Int) {
        server.held.change(by: byteCount)
        guard byteCount > 0, server.held.excess() > 0, !isEvicting else { return }
        isEvicting = true
        // Not from here: a connection that is being read must not end meanwhile.
        loop.execute {
            self.isEvicting = false
            self.makeRoom()
        }
    }

    /// Cuts off connections whose peers have owed for longest until there is room, or none is left. Where the one that
    /// has owed for longest is another loop's, that loop does it; only what is far too much is not left to others.
    func makeRoom(for more: Int = 0, except caller: ConnectionHandler? = nil) {
        let wanted = server.held.wantedExcess(with: more)
        guard wanted > 0 else { return }
        let all = Array(connections.values)
        let candidates = all.indices.compactMap { index in
            all[index] === caller ? nil : all[index].evictionCandidate(index: index)
        }
        let oldest = candidates.reduce(UInt64.max) { min($0, $1.since) }
        oldestDebt.store(oldest, ordering: .relaxed)
        let others = server.workers.map { ($0, $0.oldestDebt.load(ordering: .relaxed)) }
        if let (other, since) = others.min(by: { $0.1 < $1.1 }), since < oldest {
            other.loop.execute { other.makeRoom(for: more) }
            guard server.held.excess(with: more) > server.held.byteCountMax / 4 else { return }
        }
        for candidate in Eviction.choose(candidates, freeing: wanted) {
            metrics.connectionsEvicted.count()
            all[candidate.index].evict()
        }
    }

    /// A connection of this loop has come to hold memory while its peer has owed since then.
    func noteDebt(since: UInt64) {
        if since < oldestDebt.load(ordering: .relaxed) { oldestDebt.store(since, ordering: .relaxed) }
    }

    /// Takes room for a request: time to plan it and memory. Throws OVERLOADED where what was admitted before takes too
    /// long, or where memory is short, before anything is done for it.
    func admit(
        _ cost: RequestCost, for connection: ConnectionHandler, now: UInt64
    ) throws(RequestFailure) -> WorkCharge {
        let queueMax = UInt64(server.limits.queueMillisecondsMax) * 1_000_000
        if cost.stepCount > 1 {
            // Beside scans, jobs have a quarter of each slice.
            let wait =
                planning.wait(share: scans.isEmpty ? 1 : 0.25)
                + server.scans.nanoseconds(for: planning.operationCount)
            if planning.stepCount > 0, wait > queueMax { throw refusal(after: wait) }
        }
        // A request that alone needs more than there is has room while others leave half of it.
        let needed = min(cost.byteCount, server.held.byteCountMax / 2)
        if !server.held.tryTake(cost.byteCount, needing: needed) {
            makeRoom(for: needed, except: connection)
            guard server.held.tryTake(cost.byteCount, needing: needed) else { throw refusal(after: queueMax) }
        }
        connection.takeWork(cost.byteCount)
        planning.add(stepCount: cost.stepCount, operationCount: cost.operationCount)
        return WorkCharge(
            stepCount: cost.stepCount, operationCount: cost.operationCount, byteCount: cost.byteCount)
    }

    /// Results that are put into a reply in one step: fewer where each has much text.
    static func resultsPerStep(_ request: RecommendRequest, over generation: Generation) -> Int {
        guard !request.columns.isEmpty else { return resultsPerStep }
        let width = RequestCost.resultWidth(generation.side(request.scope.target), columns: request.columns)
        return max(1, min(resultsPerStep, replyBytesPerStep / max(1, width)))
    }

    /// What was charged for planning is planned, or is not wanted any more.
    func finishPlanning(_ charge: WorkCharge) {
        planning.remove(stepCount: charge.stepCount, operationCount: charge.operationCount)
    }

    func refusal(after wait: UInt64) -> RequestFailure {
        metrics.overloaded.count()
        return .overloaded(retryAfterMilliseconds: Self.retryMilliseconds(after: wait))
    }

    /// By when half of what waits is done.
    static func retryMilliseconds(after wait: UInt64) -> UInt32 {
        UInt32(clamping: max(10, wait / 2_000_000))
    }
}
