import Dispatch
import Foundation
import Glibc
import Synchronization

/// The one thread on which models are found, read, checked and switched. It yields to the event loops.
final class ControlThread: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var isStopping = false
    }

    /// Lower priority than the event loops, which answer requests while a model is read.
    private static let niceness: Int32 = 5

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the thread. It runs submitted work in order, and `idle` whenever `intervalMilliseconds` have passed
    /// since it last did, however much work there is.
    func start(intervalMilliseconds: Int, idle: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            // On Linux the niceness of `0` is the calling thread's alone.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            let interval = UInt64(max(0, intervalMilliseconds)) * 1_000_000
            var idleAt = DispatchTime.now().uptimeNanoseconds + interval
            while true {
                _ = signal.wait(timeout: DispatchTime(uptimeNanoseconds: idleAt))
                let (work, isStopping) = state.withLock { state in
                    let work = state.work
                    state.work = []
                    return (work, state.isStopping)
                }
                for piece in work { piece() }
                if isStopping { break }
                guard DispatchTime.now().uptimeNanoseconds >= idleAt else { continue }
                idle()
                idleAt = DispatchTime.now().uptimeNanoseconds + interval
            }
            ended.signal()
        }
        thread.name = "kindred-models"
        thread.start()
    }

    func submit(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        signal.signal()
    }

    /// Ends the thread after the work that was submitted, and waits for it.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal.signal()
        ended.wait()
    }
}
