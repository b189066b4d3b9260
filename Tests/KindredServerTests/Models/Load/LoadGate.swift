import Foundation
import KindredDomain
import Synchronization

/// Holds loads of chosen versions until they are let through or cancelled.
final class LoadGate: Sendable {
    private struct State {
        var held: Set<UInt64>
        /// Versions whose load has come to the gate, in order.
        var arrived: [UInt64] = []
    }

    private let state: Mutex<State>

    init(holding versions: Set<UInt64>) { state = Mutex(State(held: versions)) }

    /// For `ServerConfiguration.whenLoadBegins`.
    func pass(_ name: ModelName, _ version: UInt64, _ cancellation: Cancellation) {
        state.withLock { $0.arrived.append(version) }
        while state.withLock({ $0.held.contains(version) }), !cancellation.isCancelled { usleep(1_000) }
    }

    var arrived: [UInt64] { state.withLock { $0.arrived } }

    /// Lets a version through from now on.
    func open(_ version: UInt64) { _ = state.withLock { $0.held.remove(version) } }

    func hold(_ version: UInt64) { _ = state.withLock { $0.held.insert(version) } }

    /// Waits until a version has come to the gate `count` times.
    func waitForArrival(of version: UInt64, count: Int = 1) async throws {
        for _ in 0..<3_000 {
            if arrived.filter({ $0 == version }).count >= count { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Absence(version: version)
    }

    struct Absence: Error { let version: UInt64 }
}
