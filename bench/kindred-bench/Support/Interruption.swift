import Dispatch
import Glibc
import Synchronization

/// What must be undone when the run is ended from outside, by SIGINT or SIGTERM: servers ended, folders removed.
enum Interruption {
    private static let cleanups = Mutex<[@Sendable () -> Void]>([])
    // Made once and kept; nobody reads them.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM].map {
        number in
        // The default action would come before the source.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            for cleanup in cleanups.withLock({ $0 }).reversed() { cleanup() }
            exit(128 + number)
        }
        source.resume()
        return source
    }

    /// Has `cleanup` called on an interruption, before those that were added earlier.
    static func add(_ cleanup: @escaping @Sendable () -> Void) {
        _ = sources
        cleanups.withLock { $0.append(cleanup) }
    }
}
