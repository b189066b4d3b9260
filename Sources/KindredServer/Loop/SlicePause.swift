import CKindredSystem
import NIOCore
import NIOPosix

/// The pause between two slices of a loop, in which the loop polls its sockets. A value.
///
/// NIO polls when no task is due. A pause that is over before NIO looks at its tasks again has been none, so a longer
/// one follows.
package struct SlicePause: Equatable, Sendable {
    /// The longest pause. A loop that has not polled by its end has another one of this length.
    package static let nanosecondsMax: Int64 = 10_000_000

    package let nanoseconds: Int64
    /// Ticks that had ended when the slice ended.
    private let ticksEnded: UInt64

    /// The first pause after a slice; `ticksEnded`: `LoopTicks.ended` now.
    package init(ticksEnded: UInt64, nanoseconds: Int64 = ServerConfiguration.pauseNanoseconds) {
        self.ticksEnded = ticksEnded
        self.nanoseconds = min(nanoseconds, Self.nanosecondsMax)
    }

    /// The pause that follows this one where the loop has not polled: twice as long, up to the limit. Nil where it has.
    package func next(ticksEnded: UInt64) -> SlicePause? {
        guard ticksEnded == self.ticksEnded else { return nil }
        return SlicePause(ticksEnded: ticksEnded, nanoseconds: 2 * nanoseconds)
    }
}

/// Counts the ticks of event loops. In a tick, NIO runs all tasks that are due, also those that become due meanwhile.
/// Between two ticks it polls.
struct LoopTicks: NIOEventLoopMetricsDelegate {
    /// Ticks of the calling thread's loop that have ended.
    static var ended: UInt64 { kindred_counted_on_thread() }

    func processedTick(info: NIOEventLoopTickInfo) { kindred_count_on_thread() }
}
