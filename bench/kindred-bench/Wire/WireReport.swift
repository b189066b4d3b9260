import KindredKernels
import KindredTerminal

/// What `kindred-bench wire` measured.
struct WireReport: Report {
    private static let goal = 0.7

    let machine = Machine.current
    let scanKernel = ScanKernel.chosen.name
    let kind: VectorKind
    let rows: Int
    let dimension: Int
    let k: Int
    let threads: Int
    let inFlight: Int
    let connections: Int
    private let loadBefore = LoadAverage.lastMinute
    private(set) var loadAfter = ""
    /// Values of each round.
    private(set) var requestsPerSecond: [Double] = []
    private(set) var queriesPerSecond: [Double] = []
    private(set) var generatorLoads: [Double] = []
    private(set) var ratios: [Double] = []
    private(set) var ratio = 0.0
    private(set) var isGoalMet = false
    private(set) var wireLatency = Histogram().figures
    private(set) var checksum = ""
    private(set) var engineChecksum = ""
    private(set) var checks: [Check] = []

    /// From sending a request to reading its reply.
    var latencies = Histogram()
    /// Checksums of the answers over the wire, by user.
    var found: [UInt64] = []
    private var compared = 0
    private var differences = 0
    private var firstDifference: String?

    private enum CodingKeys: String, CodingKey {
        case machine, scanKernel, kind, rows, dimension, k, threads, inFlight, connections
        case loadBefore, loadAfter, requestsPerSecond, queriesPerSecond, generatorLoads, ratios, ratio
        case isGoalMet, wireLatency, checksum, engineChecksum, checks
    }

    init(
        kind: VectorKind, rows: Int, dimension: Int, k: Int, threads: Int, inFlight: Int, connections: Int
    ) {
        self.kind = kind
        self.rows = rows
        self.dimension = dimension
        self.k = k
        self.threads = threads
        self.inFlight = inFlight
        self.connections = connections
    }

    mutating func compare(_ answer: UInt64, with wanted: UInt64, user: Int) {
        compared += 1
        guard answer != wanted else { return }
        differences += 1
        firstDifference =
            firstDifference
            ?? "user \(user): \(answer.hexadecimal), in this process \(wanted.hexadecimal)"
    }

    mutating func addWire(requestsPerSecond: Double, generatorLoad: Double) {
        self.requestsPerSecond.append(requestsPerSecond)
        generatorLoads.append(generatorLoad)
    }

    mutating func addEngine(queriesPerSecond: Double) { self.queriesPerSecond.append(queriesPerSecond) }

    /// The share of the server's threads' time that the generator left to them.
    private func share(_ generatorLoad: Double) -> Double {
        min(1, (Double(machine.coreCount) - generatorLoad) / Double(threads))
    }

    mutating func finish(wanted: [UInt64]) {
        loadAfter = LoadAverage.lastMinute
        wireLatency = latencies.figures
        ratios = requestsPerSecond.indices.map {
            requestsPerSecond[$0] / (queriesPerSecond[$0] * share(generatorLoads[$0]))
        }
        ratio = ratios.median ?? 0
        isGoalMet = ratio >= Self.goal
        checksum = Self.checksum(of: found)
        engineChecksum = Self.checksum(of: wanted)
        checks = [
            Check(
                none: "of \(compared.groupedDigits) answers over the wire, others than the engine's",
                found: differences, example: firstDifference),
            Check(
                "checksum of every user's answer over the wire", found: checksum, wanted: engineChecksum,
                holds: checksum == engineChecksum),
        ]
    }

    private static func checksum(of answers: [UInt64]) -> String {
        var checksum = AnswerChecksum()
        for answer in answers { checksum.add(answer) }
        return checksum.value.hexadecimal
    }

    var lines: [String] {
        machine.lines + [
            "int8 kernel: \(scanKernel); load average \(loadBefore) before, \(loadAfter) after",
            "",
            "\(rows.groupedDigits) x \(dimension) \(kind.rawValue), top \(k), \(threads) threads, "
                + "\(inFlight) requests in flight over \(connections) connections",
        ]
            + TextTable(figures: [
                ["median of \(ratios.count) rounds", "", "noise"],
                row("over the wire, requests/s", requestsPerSecond) { Int($0).groupedDigits },
                row("in this process, queries/s", queriesPerSecond) { Int($0).groupedDigits },
                row("generator, CPU seconds a second", generatorLoads) { $0.fixed(3) },
                row("wire / (process x what the generator left)", ratios) { $0.fixed(2) },
            ]).lines + [
                "goal >= \(Self.goal): \(isGoalMet ? "met" : "not met")",
                "latency over the wire  \(wireLatency.line)",
                "",
            ]
    }

    private func row(_ name: String, _ values: [Double], _ text: (Double) -> String) -> [String] {
        var samples = Samples()
        for value in values { samples.append(value) }
        return [name, text(samples.median), samples.spread.percent]
    }
}
