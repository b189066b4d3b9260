import CKindredSystem
import NIOCore
import NIOPosix

/// Counts the ticks of event loops. In a tick, NIO runs all tasks that are due, those that become due meanwhile too;
/// between two ticks it polls.
struct LoopTicks: NIOEventLoopMetricsDelegate {
    /// Those of the calling thread's loop that have ended.
    static var ended: UInt64 { kindred_counted_on_thread() }

    func processedTick(info: NIOEventLoopTickInfo) { kindred_count_on_thread() }
}
