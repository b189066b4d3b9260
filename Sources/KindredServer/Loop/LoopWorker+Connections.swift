import KindredDomain
import NIOCore
import Synchronization

/// Connections of a loop: when they are read, when their peers are too slow, and which of them end where memory is
/// short.
extension LoopWorker {
    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        server.connectionCount.wrappingAdd(1, ordering: .relaxed)
        metrics.connectionsOpened.count()
        metrics.connectionsOpen.count()
    }

    func remove(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        server.connectionCount.wrappingSubtract(1, ordering: .relaxed)
        metrics.connectionsOpen.uncount()
    }

    /// Looks for timeouts; called a few times a second.
    func sweep() {
        let now = now()
        // A connection that is closed while it is swept leaves the table, so the loop runs over a copy.
        for connection in Array(connections.values) { connection.sweep(now: now) }
        let since = connections.values.reduce(UInt64.max) { min($0, $1.owedSince ?? .max) }
        oldestDebt.store(since, ordering: .relaxed)
        if server.connectionMemory.excess() > 0 { makeRoom() }
        // A loop without requests would hold masks that have given way.
        admission.generations.forgetEvictedMasks()
    }

    // MARK: Reading

    /// Takes a frame where this tick has room for it.
    func takesFrame(byteCount: Int) -> Bool {
        guard reading.take(byteCount: byteCount) else { return false }
        // The end of the tick makes room again, even where no reply is written.
        scheduleTick()
        return true
    }

    /// Takes bytes of an incomplete frame where this tick has room for them.
    func takesPart(byteCount: Int) -> Bool {
        defer { scheduleTick() }
        return reading.takePart(byteCount: byteCount)
    }

    /// A connection has frames for which this tick has no room.
    func readLater(_ connection: ConnectionHandler) {
        reading.wait(
            connection, byteCount: connection.inbound.readableBytes, leftAt: connection.leftReadQueueAt,
            now: now())
        scheduleSlice()
    }

    /// Reads connections that wait, as far as this tick has room.
    func readWaiting() {
        reading.beginTurns()
        while let next = reading.next() { next.tickHasRoom(now: now()) }
    }

    // MARK: Memory

    /// A connection of this loop holds `byteCount` bytes more (or fewer). Where all connections hold too much, memory
    /// is freed soon.
    func changeHeld(by byteCount: Int) {
        server.connectionMemory.change(by: byteCount)
        guard byteCount > 0, server.connectionMemory.excess() > 0, !isEvicting else { return }
        isEvicting = true
        // Later: a connection that is being read must not end meanwhile.
        loop.execute {
            self.isEvicting = false
            self.makeRoom()
        }
    }

    /// Cuts off the connections whose peers have owed longest, until there is room or none is left. Where the peer that
    /// has owed longest belongs to another loop, that loop cuts it off; this one goes on only where far too much is
    /// held.
    func makeRoom(for more: Int = 0, except caller: ConnectionHandler? = nil) {
        let memory = server.connectionMemory
        let wanted = memory.wantedExcess(with: more)
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
            guard memory.excess(with: more) > memory.byteCountMax / 4 else { return }
        }
        for candidate in Eviction.choose(candidates, freeing: wanted) {
            metrics.connectionsEvicted.count()
            all[candidate.index].evict()
        }
    }

    /// A connection of this loop holds memory while its peer has owed something since then.
    func noteDebt(since: UInt64) {
        if since < oldestDebt.load(ordering: .relaxed) { oldestDebt.store(since, ordering: .relaxed) }
    }
}
