import ArgumentParser

/// `kindred-bench wire`: measures the server over the wire beside the engine in this process.
struct WireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire",
        abstract: "Measure recommendations over the wire beside the same ones in this process.",
        discussion: """
            Exits with 1 where an answer over the wire is not, to the bit, the engine's own. A goal that is not met \
            is shown and fails nothing.
            """)

    @Option(help: "The kindred binary.")
    var kindred: String
    @Option(help: "Items of the model.")
    var rows = 1_000_000
    @Option(help: "Elements of each vector.")
    var dimension = 64
    @Option(help: "Requests in flight, over all connections; also the batch in this process.")
    var inFlight = 128
    @Option(help: "Connections.")
    var connections = 8
    @Option(help: "Results of a request.")
    var k = 10
    @Option(help: "Threads of the server and of the engine in this process.")
    var threads = 2
    @Option(help: "Seconds of measuring each of the two.")
    var seconds = 5.0
    @Option(help: "Kind of vectors: flat, skewed or shipped.")
    var data = VectorKind.flat
    @Option(help: "The folder of the version that \"shipped\" vectors are drawn like.")
    var shipped = "models/online-retail/2"
    @Flag(help: "A second or two: 20,000 items; answers alone matter.")
    var smoke = false
    @Option(help: "Also write everything to this file, as one JSON object.")
    var json: String?

    func validate() throws {
        try OptionRange.check("--rows", rows, 1...100_000_000)
        try OptionRange.check("--dimension", dimension, 1...4_096)
        try OptionRange.check("--in-flight", inFlight, 1...DrawnModel.userCount)
        guard (1...inFlight).contains(connections) else {
            throw ValidationError("--connections \(connections): 1 to \(inFlight), the requests in flight")
        }
        try OptionRange.check("--k", k, 1...10_000)
        try OptionRange.check("--threads", threads, 1...1_024)
        guard seconds > 0, seconds <= 3_600 else {
            throw ValidationError("--seconds \(seconds): above 0, to 3600")
        }
    }

    func run() throws {
        if let json { try WireReport.createFile(json) }
        let run = try WireRun(
            kind: data, rows: smoke ? 20_000 : rows, dimension: dimension, shipped: shipped, threads: threads,
            inFlight: inFlight, connections: connections, k: k)
        let report = try run.report(
            binary: kindred, rounds: smoke ? 2 : 7, secondsPerSample: smoke ? 0.05 : seconds / 7)
        if let json { try report.write(to: json) }
        try report.conclude(json: false)
    }
}
