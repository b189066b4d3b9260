import KindredTerminal

/// What `kindred-bench swap` measured.
struct SwapReport: Report {
    /// Versions in memory: the active one and the one for a rollback.
    private static let loadedWanted = 2
    private static let growthMax = 1.1

    let versions: UInt64
    let rows: Int
    let dimension: Int
    let connections: Int
    /// The version whose resident memory is the baseline for the last one's.
    let baseline: UInt64
    var seconds = 0.0
    var requests = 0
    /// Resident bytes by version, after it settled.
    var resident: [Int: Int] = [:]
    /// Most versions in memory after a swap.
    var loadedMax = 0
    /// Times from publication to activation.
    var swapTimes = Histogram()
    private(set) var swapMilliseconds = Histogram().figures
    private(set) var steady = Histogram().figures
    private(set) var packing = Histogram().figures
    private(set) var swapping = Histogram().figures
    private(set) var checks: [Check] = []

    private enum CodingKeys: String, CodingKey {
        case versions, rows, dimension, connections, baseline, seconds, requests, resident, loadedMax
        case swapMilliseconds, steady, packing, swapping, checks
    }

    init(versions: UInt64, rows: Int, dimension: Int, connections: Int, baseline: UInt64) {
        self.versions = versions
        self.rows = rows
        self.dimension = dimension
        self.connections = connections
        self.baseline = baseline
    }

    /// Adds the load's counts and makes the checks.
    mutating func finish(_ tally: SwapTally) {
        requests = tally.requests
        swapMilliseconds = swapTimes.figures
        steady = tally.latencies[.steady, default: Histogram()].figures
        packing = tally.latencies[.packing, default: Histogram()].figures
        swapping = tally.latencies[.swapping, default: Histogram()].figures
        let silent = (1...versions).filter { !tally.versions.contains($0) }
        let before = resident[Int(baseline), default: 0]
        let after = resident[Int(versions), default: 0]
        let most = Int(Double(before) * Self.growthMax)
        checks = [
            Check(none: "failed requests", found: tally.failures, example: tally.firstFailure),
            Check(
                none: "answers that were not wholly of the version they named", found: tally.wrong,
                example: tally.firstWrong),
            Check(none: "answers of an older version after a newer one's", found: tally.stepsBack),
            Check(
                none: "versions that answered nothing", found: silent.count,
                example: silent.first.map { "version \($0)" }),
            Check(
                "versions in memory after a swap", found: "\(loadedMax)",
                wanted: "at most \(Self.loadedWanted): the active and the previous one",
                holds: loadedMax <= Self.loadedWanted),
            Check(
                "resident after version \(versions)", found: after.mebibytes,
                wanted:
                    "at most \(most.mebibytes), a tenth above the \(before.mebibytes) after version \(baseline)",
                holds: after <= most && before > 0),
        ]
    }

    var lines: [String] {
        let memory = resident.sorted { $0.key < $1.key }.map { "\($0.value.mebibytes) after \($0.key)" }
        return [
            "\(versions) versions of \(rows.groupedDigits) x \(dimension), \(connections) connections, one request "
                + "in flight each",
            "requests       \(requests.groupedDigits) in \(Int(seconds)) s, "
                + "\(Int(Double(requests) / max(seconds, 0.001)).groupedDigits) a second",
            "steady         \(steady.line)",
            "while packing  \(packing.line)",
            "while swapping \(swapping.line)",
            "from publication until active  min \(swapMilliseconds.min.millisecondsText)  median "
                + "\(swapMilliseconds.p50.millisecondsText)  max \(swapMilliseconds.max.millisecondsText)",
            "resident       \(memory.joined(separator: ", "))",
        ]
    }
}
