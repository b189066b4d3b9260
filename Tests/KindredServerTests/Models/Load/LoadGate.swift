import Foundation
import KindredDomain
import Synchronization

/// Holds the loads of chosen versions until a test lets them through or the server cancels them.
final class LoadGate: Sendable {
    private struct State {
        var held: Set<UInt64>
        /// Versions whose load has come to the gate, in order.
        var arrived: [UInt64] = []
        /// Versions whose load was cancelled at the gate, in order.
        var cancelled: [UInt64] = []
        var waiters: [(version: UInt64, count: Int, resume: CheckedContinuation<Void, Never>)] = []

        func hasArrived(_ version: UInt64, _ count: Int) -> Bool {
            arrived.count { $0 == version } >= count
        }
    }

    private let state: Mutex<State>

    init(holding versions: Set<UInt64>) { state = Mutex(State(held: versions)) }

    /// For `ServerConfiguration.whenLoadBegins`. Acts as a long load that looks at its cancellation every millisecond.
    func pass(_ name: ModelName, _ version: UInt64, _ cancellation: Cancellation) {
        let woken = state.withLock { state in
            state.arrived.append(version)
            let now = state
            state.waiters.removeAll { now.hasArrived($0.version, $0.count) }
            return now.waiters.filter { now.hasArrived($0.version, $0.count) }
        }
        for waiter in woken { waiter.resume.resume() }
        while state.withLock({ $0.held.contains(version) }), !cancellation.isCancelled { usleep(1_000) }
        if cancellation.isCancelled { state.withLock { $0.cancelled.append(version) } }
    }

    var arrived: [UInt64] { state.withLock { $0.arrived } }
    var cancelled: [UInt64] { state.withLock { $0.cancelled } }

    /// Lets a version through from now on.
    func open(_ version: UInt64) { _ = state.withLock { $0.held.remove(version) } }

    func hold(_ version: UInt64) { _ = state.withLock { $0.held.insert(version) } }

    /// Waits until a version has come to the gate `count` times.
    func waitForArrival(of version: UInt64, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let hasArrived = state.withLock { state in
                if state.hasArrived(version, count) { return true }
                state.waiters.append((version, count, continuation))
                return false
            }
            if hasArrived { continuation.resume() }
        }
    }
}
