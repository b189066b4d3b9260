import Synchronization
import KindredTerminal

/// When versions were swapped, told by one task and asked by the thread of the load.
final class SwapWindows: Sendable {
    struct Window: Encodable, Sendable {
        let version: UInt64
        /// From asking for the activation until the server says that it is done.
        let milliseconds: Double
    }

    private let start = ContinuousClock.now
    private let isSwapping = Atomic<Bool>(false)
    /// Nanoseconds since `start`; below 0 before the first swap.
    private let lastEnd = Atomic<Int64>(-1)
    private let windows = Mutex<[Window]>([])

    var all: [Window] { windows.withLock { $0 } }

    /// Whether a swap was going on at any time from an instant until now.
    func touch(since instant: ContinuousClock.Instant) -> Bool {
        isSwapping.load(ordering: .acquiring)
            || lastEnd.load(ordering: .acquiring) >= (instant - start).inNanoseconds
    }

    /// Runs a swap to `version`.
    func swap(to version: UInt64, _ body: () async throws -> Void) async rethrows {
        let begun = ContinuousClock.now
        isSwapping.store(true, ordering: .releasing)
        defer {
            lastEnd.store((ContinuousClock.now - start).inNanoseconds, ordering: .releasing)
            isSwapping.store(false, ordering: .releasing)
        }
        try await body()
        let milliseconds = (ContinuousClock.now - begun).inMilliseconds
        windows.withLock { $0.append(Window(version: version, milliseconds: milliseconds)) }
    }
}
