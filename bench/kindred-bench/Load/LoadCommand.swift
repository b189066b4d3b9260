import ArgumentParser
import Foundation

/// `kindred-bench load`: a load test of a server over the wire.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load a server in a closed or an open loop, and tell latencies, rates and failures.",
        discussion: """
            With --rate the loop is open: requests go out at their times whatever becomes of those before, \
            and latency counts from the time a request was to be sent. Without, each answered request is \
            followed by the next one.

            Exits with 1 where an answer is wrong or a request failed that was not refused for overload.
            """)

    @OptionGroup(title: "Server")
    var server: LoadTargetOptions
    @OptionGroup(title: "Load")
    var shape: LoadShapeOptions
    @Option(help: "Requests whose first answers are asked for again after the run, alone, and compared.")
    var verify = 100
    @Flag(
        help:
            "Find the capacity and the knee: open loops at rates below and above what a closed loop reaches.")
    var sweep = false
    @Option(help: "With --sweep: these rates, with commas between them.")
    var rates: NumberList?
    @Option(help: "With --sweep: also find the greatest rate with a p99 of at most so many milliseconds.")
    var targetP99: Double?
    @Flag(
        help: """
            Offer twice the capacity, between two times of 0.7 of it: what is answered, how soon the rest is \
            refused, how soon all is as before.
            """)
    var overload = false
    @Option(help: "Activate the versions of the model in turn, one every so many seconds.")
    var swapEvery: Double?
    @Flag(help: "Two seconds on the shipped model, in every mode; any failed request fails the run.")
    var smoke = false
    @Option(help: "Also write everything to this file, as one JSON object.")
    var json: String?
    @Option(
        help: "Also write the percentiles to this file, in the columns that HdrHistogram's plotters read.")
    var hdr: String?

    func validate() throws {
        if smoke {
            guard server.kindred != nil else { throw ValidationError("--smoke: with --kindred BINARY") }
        } else {
            try server.checkServer()
        }
        try OptionRange.check("--verify", verify, 0...1_000_000)
        if let swapEvery, !(swapEvery >= 0.01 && swapEvery <= 86_400) {
            throw ValidationError("--swap-every \(swapEvery): 0.01 to 86400")
        }
        if let targetP99, !(targetP99 > 0 && targetP99 <= 60_000) {
            throw ValidationError("--target-p99 \(targetP99): above 0, to 60000")
        }
        try rates?.check("--rates", 1...10_000_000)
        guard sweep || (rates == nil && targetP99 == nil) else {
            throw ValidationError("--rates and --target-p99: with --sweep")
        }
        if sweep, swapEvery != nil || shape.rate != nil || hdr != nil {
            throw ValidationError("--sweep: without --rate, --swap-every and --hdr")
        }
        if overload, sweep || swapEvery != nil || shape.rate != nil || hdr != nil {
            throw ValidationError("--overload: without --sweep, --rate, --swap-every and --hdr")
        }
        if swapEvery != nil, server.models == nil, server.rows == nil {
            throw ValidationError("--swap-every: with --models DIR, the folder that is served, or --rows N")
        }
    }

    func run() async throws {
        if smoke {
            try await LoadSmoke(binary: server.kindred ?? "", models: server.models ?? "models").report()
                .conclude(json: false)
            return
        }
        let scenario = try shape.readScenario()
        let target = try await LoadTarget(server, scenario: scenario, isSwapping: swapEvery != nil)
        let run = try LoadRun(
            target, shape, scenario, verifiedCount: sweep || overload ? 0 : verify, model: server.model)
        if overload {
            let report = try await OverloadRun(run, shape).report()
            try target.stop()
            try write(report)
            try report.conclude(json: false)
            return
        }
        if sweep {
            let report = try await SweepRun(run, shape, rates: rates?.values ?? [], targetP99: targetP99)
                .report()
            try target.stop()
            try write(report)
            try report.conclude(json: false)
        } else {
            let report = try await run.report(swapInterval: swapEvery.map { .seconds($0) })
            try target.stop()
            try write(report)
            if let hdr {
                try PercentileTable(report.result.histogram).text.write(
                    toFile: hdr, atomically: true, encoding: .utf8)
            }
            try report.conclude(json: false)
        }
    }

    private func write(_ report: some Report) throws {
        if let json { try report.write(to: json) }
    }
}
