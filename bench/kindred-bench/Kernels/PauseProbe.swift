import Synchronization
import KindredTerminal

/// Measures how long busy threads are kept from running by the system, other processes or a virtual machine's host.
/// Such pauses are part of every latency measured on this machine.
struct PauseProbe {
    /// The shortest gap between two clock readings that counts as a pause; reading the clock takes less.
    static let pauseMin = Duration.microseconds(50)
    static let longPauseMin = Duration.milliseconds(1)

    let team: ThreadTeam
    let duration: Duration

    func run() -> MachineLimits.Pauses {
        let tallies = Mutex<[Tally]>([])
        team.run { [duration] _ in
            let tally = Tally.watch(for: duration)
            tallies.withLock { $0.append(tally) }
        }
        let all = tallies.withLock { $0 }
        let seconds = all.reduce(0) { $0 + $1.watched.inSeconds }
        return MachineLimits.Pauses(
            threads: all.count > 1 ? .all : .one,
            longestSeconds: all.map(\.longest.inSeconds).max() ?? 0,
            longPausesPerSecond: Double(all.reduce(0) { $0 + $1.longCount }) / seconds,
            shareOfTime: all.reduce(0) { $0 + $1.paused.inSeconds } / seconds)
    }

    private struct Tally: Sendable {
        var watched = Duration.zero
        var longest = Duration.zero
        var paused = Duration.zero
        var longCount = 0

        /// Reads the clock without pause.
        static func watch(for duration: Duration) -> Tally {
            var tally = Tally()
            let clock = ContinuousClock()
            let start = clock.now
            var before = start
            repeat {
                let now = clock.now
                let gap = now - before
                before = now
                guard gap >= pauseMin else { continue }
                tally.paused += gap
                tally.longest = max(tally.longest, gap)
                if gap >= longPauseMin { tally.longCount += 1 }
            } while before - start < duration
            tally.watched = before - start
            return tally
        }
    }
}
