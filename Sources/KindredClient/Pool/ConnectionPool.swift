internal import KindredDomain
internal import NIOCore
internal import Synchronization

/// Keeps connections to all endpoints and picks the one with the fewest requests in flight.
///
/// Each slot has a task that connects, waits for the end and connects again, with a longer wait after each failure. The
/// lock guards the list of connections: it is held while one is picked, never while one is used.
final class ConnectionPool: Sendable {
    private struct State {
        var connections: [Int: KindredConnection] = [:]
        /// Connections whose server takes no more requests, until their last answer has arrived.
        var leaving: [ObjectIdentifier: KindredConnection] = [:]
        var connecting: Set<Int>
        var lastError = KindredError.connectionLost("not connected yet")
        var waiters: [UInt64: CheckedContinuation<Result<KindredConnection, KindredError>, Never>] = [:]
        var nextWaiter: UInt64 = 0
        var rotation = 0
        var tasks: [Task<Void, Never>] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let configuration: ClientConfiguration

    init(endpoints: [Endpoint], configuration: ClientConfiguration) {
        self.configuration = configuration
        let slots = endpoints.flatMap {
            Array(repeating: $0, count: Swift.max(1, configuration.connectionsPerEndpoint))
        }
        state = Mutex(State(connecting: Set(slots.indices)))
        let tasks = slots.enumerated().map { index, endpoint in
            Task { [weak self] in await Self.keep(index, endpoint, configuration) { self } }
        }
        state.withLock { $0.tasks = tasks }
    }

    deinit {
        let (tasks, leaving) = state.withLock { ($0.tasks, $0.leaving.values) }
        for task in tasks { task.cancel() }
        for connection in leaving { connection.closeSoon() }
    }

    /// Ends all connections.
    func close() async {
        let (tasks, connections, waiters) = state.withLock { state in
            state.isClosed = true
            defer {
                state.connections = [:]
                state.leaving = [:]
                state.waiters = [:]
            }
            return (
                state.tasks, Array(state.connections.values) + Array(state.leaving.values),
                Array(state.waiters.values)
            )
        }
        for task in tasks { task.cancel() }
        for waiter in waiters { waiter.resume(returning: .failure(.closed)) }
        for connection in connections { connection.closeSoon() }
        for connection in connections { await connection.closed() }
    }

    /// The open connection with the fewest requests in flight; waits for one that is being made.
    ///
    /// Throws the last connection error when every endpoint has failed, DEADLINE_EXCEEDED, or CANCELLED.
    func connection(by deadline: NIODeadline) async throws(KindredError) -> KindredConnection {
        let id: UInt64
        switch state.withLock({ Self.pick(&$0) }) {
        case .ready(let connection): return connection
        case .failed(let error): throw error
        case .wait(let waiter): id = waiter
        }
        let timer = Task { [weak self] in
            let wait = deadline - NIODeadline.now()
            try? await Task.sleep(for: .nanoseconds(wait.nanoseconds))
            self?.resume(id, .failure(Task.isCancelled ? .cancelled : .deadlineExceeded()))
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(id, continuation)
                // The deadline or a cancellation may have come before the continuation was stored.
                if Task.isCancelled {
                    resume(id, .failure(.cancelled))
                } else if deadline <= .now() {
                    resume(id, .failure(.deadlineExceeded()))
                }
            }
        } onCancel: {
            timer.cancel()
        }
        return try result.get()
    }

    private enum Pick {
        case ready(KindredConnection)
        case wait(UInt64)
        case failed(KindredError)
    }

    private static func pick(_ state: inout State) -> Pick {
        if state.isClosed { return .failed(.closed) }
        let open = state.connections.values.filter(\.isOpen)
        if !open.isEmpty {
            state.rotation &+= 1
            let first = Int(UInt(bitPattern: state.rotation) % UInt(open.count))
            // Begins at another one each time, so that equally busy connections take turns.
            var best = open[first]
            for step in 1..<Swift.max(open.count, 1) {
                let other = open[(first + step) % open.count]
                if other.inFlightCount < best.inFlightCount { best = other }
            }
            return .ready(best)
        }
        guard !state.connecting.isEmpty || !state.connections.isEmpty else { return .failed(state.lastError) }
        state.nextWaiter += 1
        return .wait(state.nextWaiter)
    }

    private func wait(
        _ id: UInt64, _ continuation: CheckedContinuation<Result<KindredConnection, KindredError>, Never>
    ) {
        // The state may have changed since `pick`.
        let result: Result<KindredConnection, KindredError>? = state.withLock { state in
            if let connection = state.connections.values.first(where: \.isOpen) {
                return .success(connection)
            }
            if state.isClosed { return .failure(.closed) }
            if state.connecting.isEmpty && state.connections.isEmpty { return .failure(state.lastError) }
            state.waiters[id] = continuation
            return nil
        }
        if let result { continuation.resume(returning: result) }
    }

    private func resume(_ id: UInt64, _ result: Result<KindredConnection, KindredError>) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: result)
    }

    // MARK: Slots

    /// Keeps one slot connected until its task is cancelled or the pool is gone.
    private static func keep(
        _ slot: Int, _ endpoint: Endpoint, _ configuration: ClientConfiguration, _ pool: () -> ConnectionPool?
    ) async {
        let clock = ContinuousClock()
        var delay = configuration.reconnectDelayMin
        while !Task.isCancelled {
            do throws(KindredError) {
                let connection = try await KindredConnection.connect(
                    to: endpoint, configuration: configuration)
                guard let isTaken = pool()?.publish(connection, slot), isTaken else {
                    return await connection.close()
                }
                let openedAt = clock.now
                let asked = await withTaskCancellationHandler {
                    await connection.leaving()
                } onCancel: {
                    connection.closeSoon()
                }
                pool()?.withdraw(slot, connection)
                // A connection that lasted is replaced at once, unless its server asks for a wait.
                let hasLasted = clock.now - openedAt >= configuration.reconnectDelayMax
                if hasLasted { delay = configuration.reconnectDelayMin }
                if !hasLasted || asked != nil { await pause(&delay, asked, configuration) }
            } catch {
                pool()?.fail(slot, error)
                await pause(&delay, error.retryAfter, configuration)
                pool()?.begin(slot)
            }
        }
    }

    /// Waits for `delay` and doubles it; at least as long as the server asks for, up to a limit. Spread at random, so
    /// that clients do not all connect at once.
    private static func pause(
        _ delay: inout Duration, _ asked: Duration?, _ configuration: ClientConfiguration
    ) async {
        let asked = Swift.min(asked ?? .zero, .milliseconds(Limits.reconnectMillisecondsMax))
        try? await Task.sleep(for: Swift.max(delay, asked) * Double.random(in: 0.8...1.2))
        delay = Swift.min(delay * 2, configuration.reconnectDelayMax)
    }

    private func publish(_ connection: KindredConnection, _ slot: Int) -> Bool {
        let waiters = state.withLock {
            state -> [CheckedContinuation<Result<KindredConnection, KindredError>, Never>]? in
            if state.isClosed { return nil }
            state.connections[slot] = connection
            state.connecting.remove(slot)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: .success(connection)) }
        return true
    }

    /// Removes a connection that takes no more requests. Its requests in flight may finish.
    private func withdraw(_ slot: Int, _ connection: KindredConnection) {
        let isKept = state.withLock { state in
            state.connections[slot] = nil
            if state.isClosed { return false }
            state.connecting.insert(slot)
            state.leaving[ObjectIdentifier(connection)] = connection
            return true
        }
        guard isKept else { return connection.closeSoon() }
        Task { [weak self] in
            await connection.closed()
            self?.forget(connection)
        }
    }

    private func forget(_ connection: KindredConnection) {
        state.withLock { _ = $0.leaving.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    private func begin(_ slot: Int) { state.withLock { _ = $0.connecting.insert(slot) } }

    /// Notes that a slot could not connect. Fails the waiting calls when no other slot may still succeed.
    private func fail(_ slot: Int, _ error: KindredError) {
        let waiters = state.withLock {
            state -> [CheckedContinuation<Result<KindredConnection, KindredError>, Never>] in
            state.connecting.remove(slot)
            state.lastError = error
            guard state.connecting.isEmpty, state.connections.isEmpty else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }
}
