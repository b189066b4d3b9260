import Dispatch
import Foundation
import Glibc
import KindredDomain
import NIOCore
import Synchronization

/// The thread that decides which versions are loaded and serve. Its priority is lower than that of the event loops,
/// and nothing on it takes long: versions are read on other threads (`VersionLoad`).
final class ControlThread: Sendable {
    typealias Queue = ControlQueue<ControlRequest, VersionLoad.Report>

    private struct State {
        var queue: Queue
        /// The thread was woken and has not looked at the queue yet.
        var isWoken = false
        var isStarted = false
    }

    /// Below the event loops, whose niceness is 0.
    private static let niceness: Int32 = 5
    private static let pauseNanosecondsMax: UInt64 = 3_600_000_000_000

    private let state: Mutex<State>
    private let signal = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(limits: Limits, watchMilliseconds: Int) {
        state = Mutex(
            State(
                queue: Queue(
                    changesMax: limits.switchesWaitingMax, looksMax: limits.looksWaitingMax,
                    lookIntervalNanoseconds: UInt64(max(0, watchMilliseconds)) * 1_000_000, now: Self.now)))
    }

    /// Now, in nanoseconds, on the clock of request deadlines.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    /// Starts the thread. `work` is called for each turn. `idle` is called when there is none; it returns the time of
    /// its next call, in nanoseconds, at the latest.
    func start(work: @escaping @Sendable (Queue.Turn) -> Void, idle: @escaping @Sendable () -> UInt64) {
        let thread = Thread { [self] in
            // On Linux, id 0 means the calling thread alone.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            run(work, idle)
            ended.signal()
        }
        thread.name = "kindred-models"
        state.withLock { $0.isStarted = true }
        thread.start()
    }

    private func run(_ work: (Queue.Turn) -> Void, _ idle: () -> UInt64) {
        while true {
            guard let turn = state.withLock({ $0.queue.next(now: Self.now) }) else {
                let wakeAt = idle()
                let until = state.withLock { min(wakeAt, $0.queue.lookDueAt) }
                let now = Self.now
                let pause = until > now ? min(until - now, Self.pauseNanosecondsMax) : 0
                _ = signal.wait(timeout: .now() + .nanoseconds(Int(pause)))
                state.withLock { $0.isWoken = false }
                continue
            }
            work(turn)
            if case .stop = turn { return }
        }
    }

    /// Queues a request, where there is room.
    func submit(_ request: ControlRequest) -> Queue.Addition {
        change { $0.add(request, request.isChange ? .change : .look) }
    }

    func report(_ report: VersionLoad.Report) { change { $0.add(report) } }

    /// A request was answered.
    func answered(_ request: ControlRequest) {
        state.withLock { $0.queue.answered(request.isChange ? .change : .look) }
    }

    /// The repository was looked at.
    func looked() { state.withLock { $0.queue.looked(now: Self.now) } }

    /// Ends the thread after its current turn, and waits for it. One that is started later ends at once.
    func stop() {
        change { $0.stop() }
        guard state.withLock({ $0.isStarted }) else { return }
        ended.wait()
        // The next caller of `stop` must not wait.
        ended.signal()
    }

    private func change<Result>(_ body: (inout Queue) -> Result) -> Result {
        let (result, mustWake) = state.withLock { state in
            let result = body(&state.queue)
            defer { state.isWoken = true }
            return (result, !state.isWoken)
        }
        if mustWake { signal.signal() }
        return result
    }
}
