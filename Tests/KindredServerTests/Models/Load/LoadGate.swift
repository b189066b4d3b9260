import Foundation
import KindredDomain
import Synchronization
import Testing

/// Holds the loads of chosen versions until a test lets them through or the server cancels them.
final class LoadGate: Sendable {
    private struct State {
        var held: Set<UInt64>
        /// Versions whose load was cancelled at the gate, in order.
        var cancelled: [UInt64] = []
    }

    private let state: Mutex<State>
    private let arrivals = EventLog<UInt64>()

    init(holding versions: Set<UInt64>) { state = Mutex(State(held: versions)) }

    /// For `ServerConfiguration.whenLoadBegins`. Acts as a long load that looks at its cancellation every millisecond.
    func pass(_ name: ModelName, _ version: UInt64, _ cancellation: Cancellation) {
        arrivals.add(version)
        while state.withLock({ $0.held.contains(version) }), !cancellation.isCancelled { usleep(1_000) }
        if cancellation.isCancelled { state.withLock { $0.cancelled.append(version) } }
    }

    /// Versions whose load has come to the gate, in order.
    var arrived: [UInt64] { arrivals.all }
    var cancelled: [UInt64] { state.withLock { $0.cancelled } }

    /// Lets a version through from now on.
    func open(_ version: UInt64) { _ = state.withLock { $0.held.remove(version) } }

    func hold(_ version: UInt64) { _ = state.withLock { $0.held.insert(version) } }

    /// Waits until a version has come to the gate. The time limit of the test ends the wait.
    func waitForArrival(of version: UInt64) async {
        if await !arrivals.wait(until: { $0 == version }) {
            Issue.record("the load of version \(version) did not begin")
        }
    }
}
