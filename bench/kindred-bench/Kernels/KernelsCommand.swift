import ArgumentParser
import KindredKernels
import KindredTerminal

/// `kindred-bench kernels`: measures the machine's limits.
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure what this machine can do: memory, sgemm, each int8 scan kernel.",
        discussion: "And for how long it keeps threads from running, which no latency can be told apart from."
    )

    @Flag(help: "A second or two: one short round, dimension 64.")
    var smoke = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        let machine = Machine.current
        let probes = LimitProbes(
            productDimensions: smoke ? [64] : [32, 64, 128, 256], scanDimensions: [64],
            kernels: ScanKernel.available, productsPerCall: smoke ? 5_000_000 : 50_000_000,
            pauseDuration: smoke ? .milliseconds(20) : .seconds(3),
            interleaved: Interleaved(rounds: smoke ? 1 : 15, secondsPerSample: smoke ? 0.001 : 0.02))
        let limits = try probes.run(on: machine, teams: ThreadTeams(machine: machine)) { progress.show($0) }
        progress.clear()
        try LimitsReport(limits: limits).conclude(json: json)
    }
}
