import Foundation
import KindredServer
import TestSupport
import Testing

@Suite(.serialized) struct MetricsTests {
    /// The names of STATS, which programs of others read.
    private static let names = [
        "bytes_received_total", "bytes_sent_total", "compute_us_total", "connection_bytes_held",
        "connections_evicted_total", "connections_failed_total", "connections_open",
        "connections_opened_total", "filter_bytes_kept", "filters_evaluated_total", "filters_kept_total",
        "further_scans_total", "model_loads_total", "model_refusals_total", "model_switches_total",
        "overloaded_total", "queries_failed_total", "queries_total", "queue_us_total",
        "requests_failed_total", "requests_repeated_total", "requests_total", "rows_rescored_total",
        "rows_scanned_total", "scan_batches_shared_total", "scan_batches_total", "scans_running",
        "stream_bytes_reserved", "stream_rows_total", "streams_open", "streams_opened_total", "uptime_ms",
    ]

    @Test func statsHasEveryMetric() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let server = try await RunningServer(folder)
        try await server.withClient { client in
            let stats = try await client.stats()
            #expect(stats.keys.sorted() == Self.names)
            #expect(stats["model_loads_total"] == 1 && stats["connections_open"] == 1)
        }
        await server.stop()
    }

    /// The page of the command line has the name and the meaning of each metric.
    @Test func thePageHasEveryMetric() throws {
        let page = try Self.text(of: "Sources/kindred/README.md")
        let declared = try Self.text(of: "Sources/KindredServer/Observability/ServerMetrics.swift")
        for name in Self.names { #expect(page.contains("| `\(name)` | "), "\(name)") }
        for reading in LoopMetrics().readings + ModelMetrics().readings {
            let metric = reading.description
            #expect(page.contains("| `\(metric.name)` | \(metric.help) |\n"), "\(metric.name)")
        }
        for gauge in declared.matches(of: #/\.gauge, "([a-z_]+)",\s+"([^"]+)"/#) {
            #expect(page.contains("| `\(gauge.output.1)` | \(gauge.output.2) |\n"), "\(gauge.output.1)")
        }
    }

    /// The text of a file of the project.
    private static func text(of path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// A metric that is declared and left out of the readings would never be seen.
    @Test func everyDeclarationIsRead() throws {
        let text = try Self.text(of: "Sources/KindredServer/Observability/ServerMetrics.swift")
        let declared = text.matches(of: #/= (Counter|Gauge)\(/#).count
        let readings = LoopMetrics().readings + ModelMetrics().readings
        #expect(readings.count == declared)
        #expect(Set(readings.map(\.description.name)).count == declared)
    }

    @Test func declarationsAreForOperators() {
        for reading in LoopMetrics().readings + ModelMetrics().readings {
            let (name, help) = (reading.description.name, reading.description.help)
            #expect(help.hasSuffix(".") && help.first?.isUppercase == true, "\(name)")
            #expect(name.hasSuffix("_total") == (reading.description.kind == .counter), "\(name)")
            #expect(reading.value == 0)
        }
    }

    @Test func loopsAreSummed() {
        let loops = [LoopMetrics(), LoopMetrics(), LoopMetrics()]
        loops[0].requests.count()
        loops[2].requests.count(40)
        loops[1].connectionsOpen.count()
        loops[1].connectionsOpen.count()
        loops[1].connectionsOpen.uncount()
        let sums = Dictionary(
            uniqueKeysWithValues: LoopMetrics.sum(loops).map { ($0.description.name, $0.value) })
        #expect(sums.count == loops[0].readings.count)
        #expect(sums["requests_total"] == 41 && sums["connections_open"] == 1 && sums["queries_total"] == 0)
        #expect(LoopMetrics.sum([]).isEmpty)
    }
}
