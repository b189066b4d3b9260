import Dispatch
import Glibc
import Synchronization

/// Runs cleanups when SIGINT or SIGTERM ends the run: servers are stopped, folders removed.
enum InterruptCleanup {
    private static let cleanups = Mutex<[@Sendable () -> Void]>([])
    // Created once and kept alive.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM].map {
        number in
        // Without this, the default action would end the process first.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            for cleanup in cleanups.withLock({ $0 }).reversed() { cleanup() }
            exit(128 + number)
        }
        source.resume()
        return source
    }

    /// Registers a cleanup. Later ones run first.
    static func add(_ cleanup: @escaping @Sendable () -> Void) {
        _ = sources
        cleanups.withLock { $0.append(cleanup) }
    }
}
