import KindredDomain
import KindredWire
import Synchronization

/// Counters of one event loop: written by it alone, read by whoever asks.
package final class LoopMetrics: Sendable {
    let connectionsOpened = Atomic<UInt64>(0)
    let connectionsOpen = Atomic<UInt64>(0)
    let connectionsFailed = Atomic<UInt64>(0)
    /// Those that were cut off because memory was needed.
    let connectionsEvicted = Atomic<UInt64>(0)
    let requests = Atomic<UInt64>(0)
    /// Those that were answered with what had been answered to the same request before.
    let requestsRepeated = Atomic<UInt64>(0)
    let queries = Atomic<UInt64>(0)
    let failures = Atomic<UInt64>(0)
    let queryFailures = Atomic<UInt64>(0)
    let overloaded = Atomic<UInt64>(0)
    let rowsScanned = Atomic<UInt64>(0)
    let rowsRescored = Atomic<UInt64>(0)
    let scanBatches = Atomic<UInt64>(0)
    let scanBatchesShared = Atomic<UInt64>(0)
    let queueMicroseconds = Atomic<UInt64>(0)
    let computeMicroseconds = Atomic<UInt64>(0)
    let streamsOpened = Atomic<UInt64>(0)
    let streamRows = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)
    let bytesSent = Atomic<UInt64>(0)

    /// Every counter under its public name.
    private var all: [(String, UInt64)] {
        func value(_ counter: borrowing Atomic<UInt64>) -> UInt64 { counter.load(ordering: .relaxed) }
        return [
            ("bytes_received_total", value(bytesReceived)), ("bytes_sent_total", value(bytesSent)),
            ("compute_us_total", value(computeMicroseconds)),
            ("connections_evicted_total", value(connectionsEvicted)),
            ("connections_failed_total", value(connectionsFailed)),
            ("connections_open", value(connectionsOpen)),
            ("connections_opened_total", value(connectionsOpened)),
            ("overloaded_total", value(overloaded)), ("queries_failed_total", value(queryFailures)),
            ("queries_total", value(queries)), ("queue_us_total", value(queueMicroseconds)),
            ("requests_failed_total", value(failures)),
            ("requests_repeated_total", value(requestsRepeated)), ("requests_total", value(requests)),
            ("rows_rescored_total", value(rowsRescored)), ("rows_scanned_total", value(rowsScanned)),
            ("scan_batches_shared_total", value(scanBatchesShared)),
            ("scan_batches_total", value(scanBatches)), ("stream_rows_total", value(streamRows)),
            ("streams_opened_total", value(streamsOpened)),
        ]
    }

    /// The sums over all loops.
    static func sum(_ loops: [LoopMetrics]) -> [(String, UInt64)] {
        guard var sums = loops.first?.all else { return [] }
        for loop in loops.dropFirst() {
            for (index, entry) in loop.all.enumerated() { sums[index].1 += entry.1 }
        }
        return sums
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to a counter that only the calling thread writes: a load and a store, not a locked instruction. Of two
    /// threads that did it at once, one would not be counted.
    func count(_ amount: UInt64 = 1) { store(load(ordering: .relaxed) &+ amount, ordering: .relaxed) }
    func uncount() { store(load(ordering: .relaxed) &- 1, ordering: .relaxed) }
}
