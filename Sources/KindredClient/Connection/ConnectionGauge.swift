internal import Synchronization

/// What other threads may know of a connection without asking its event loop.
final class ConnectionGauge: Sendable {
    private let inFlight = Atomic<Int>(0)
    private let open = Atomic<Bool>(true)

    /// Requests somebody waits for.
    var inFlightCount: Int { inFlight.load(ordering: .relaxed) }

    /// True until GOAWAY or the end.
    var isOpen: Bool { open.load(ordering: .acquiring) }

    func begin() { inFlight.add(1, ordering: .relaxed) }
    func end() { inFlight.subtract(1, ordering: .relaxed) }
    func close() { open.store(false, ordering: .releasing) }
}
