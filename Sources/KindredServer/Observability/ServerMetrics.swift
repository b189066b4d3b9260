import KindredQuery

/// The metrics of one event loop, written by that loop alone. STATS sums them over all loops.
package final class LoopMetrics: Sendable {
    package let connectionsOpened = Counter("connections_opened_total", "Connections accepted.")
    package let connectionsOpen = Gauge("connections_open", "Connections that are open.")
    package let connectionsFailed = Counter(
        "connections_failed_total", "Connections that the server ended because of an error of the peer.")
    package let connectionsEvicted = Counter(
        "connections_evicted_total",
        "Connections that the server ended to free memory: their peers were slowest.")
    package let requests = Counter("requests_total", "Requests received, answered or not.")
    package let requestsRepeated = Counter(
        "requests_repeated_total", "Requests answered from the cache of answers, without a scan.")
    package let failures = Counter("requests_failed_total", "Requests answered with an error.")
    package let overloaded = Counter(
        "overloaded_total", "Requests refused with OVERLOADED because their predicted wait was too long.")
    package let queries = Counter("queries_total", "Queries answered; a request may have several.")
    package let queryFailures = Counter(
        "queries_failed_total", "Queries answered with an error of their own.")
    package let rowsScanned = Counter(
        "rows_scanned_total", "Rows whose code or vector was read to answer queries.")
    package let rowsRescored = Counter(
        "rows_rescored_total", "Rows scored exactly after a scan of their codes.")
    package let filtersEvaluated = Counter(
        "filters_evaluated_total",
        "Filters evaluated over a side; one of a request with \"seed.\" once for each query.")
    package let filtersKept = Counter(
        "filters_kept_total", "Filters of requests that were found among those kept, without an evaluation.")
    package let furtherScans = Counter(
        "further_scans_total", "Queries scanned again because caps or earlier queries left too few rows.")
    package let scanBatches = Counter("scan_batches_total", "Scans; each answers one or more queries.")
    package let scanBatchesShared = Counter(
        "scan_batches_shared_total", "Long scans that idle event loops help with.")
    package let queueMicroseconds = Counter(
        "queue_us_total", "Microseconds that answered requests waited for their scan, summed.")
    package let computeMicroseconds = Counter(
        "compute_us_total", "Microseconds that answered requests were worked on, summed.")
    package let streamsOpened = Counter("streams_opened_total", "Look-alike streams opened.")
    package let streamRows = Counter("stream_rows_total", "Rows sent in look-alike streams.")
    package let bytesReceived = Counter("bytes_received_total", "Bytes received from clients.")
    package let bytesSent = Counter("bytes_sent_total", "Bytes sent to clients.")

    package init() {}

    /// Counts the filters of a request.
    func count(_ filters: FilterCounts) {
        filtersEvaluated.count(UInt64(filters.evaluated))
        filtersKept.count(UInt64(filters.kept))
    }

    /// The readings of all metrics above.
    package var readings: [MetricReading] {
        [
            connectionsOpened.reading, connectionsOpen.reading, connectionsFailed.reading,
            connectionsEvicted.reading, requests.reading, requestsRepeated.reading, failures.reading,
            overloaded.reading, queries.reading, queryFailures.reading, rowsScanned.reading,
            rowsRescored.reading, filtersEvaluated.reading, filtersKept.reading, furtherScans.reading,
            scanBatches.reading, scanBatchesShared.reading, queueMicroseconds.reading,
            computeMicroseconds.reading, streamsOpened.reading, streamRows.reading, bytesReceived.reading,
            bytesSent.reading,
        ]
    }

    /// The sums over all loops.
    package static func sum(_ loops: [LoopMetrics]) -> [MetricReading] {
        guard var sums = loops.first?.readings else { return [] }
        for loop in loops.dropFirst() {
            for (index, reading) in loop.readings.enumerated() { sums[index].value += reading.value }
        }
        return sums
    }
}

/// The metrics of models, written by the control thread.
package final class ModelMetrics: Sendable {
    package let loads = Counter("model_loads_total", "Versions loaded.")
    package let refusals = Counter(
        "model_refusals_total",
        "Versions refused because of their files or for lack of memory; repeats not counted.")
    package let switches = Counter(
        "model_switches_total", "Times that another version of a model began to serve.")

    package init() {}

    package var readings: [MetricReading] { [loads.reading, refusals.reading, switches.reading] }
}

/// Gauges of the whole server, whose values are read when STATS asks for them.
package enum ServerGauges {
    static let connectionBytesHeld = MetricDescription(
        .gauge, "connection_bytes_held",
        "Bytes held for connections: unfinished frames, large requests, replies that are not read.")
    static let filterBytesKept = MetricDescription(
        .gauge, "filter_bytes_kept", "Bytes of filters that are kept for later requests.")
    static let scansRunning = MetricDescription(.gauge, "scans_running", "Long scans that are running.")
    static let streamsOpen = MetricDescription(.gauge, "streams_open", "Look-alike streams that are open.")
    static let streamBytesReserved = MetricDescription(
        .gauge, "stream_bytes_reserved", "Bytes reserved for open look-alike streams.")
    static let uptimeMilliseconds = MetricDescription(
        .gauge, "uptime_ms", "Milliseconds since the server started.")
}
