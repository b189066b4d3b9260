import KindredKernels
import KindredTerminal

/// What `kindred-bench ready` measured.
struct ReadyReport: Report {
    private static let secondsMax = 0.5
    /// The goal for the p99: a multiple of the steady p99 plus milliseconds.
    private static let p99Factor = 2.0
    private static let p99Allowance = 1.0

    let machine = Machine.current
    /// The kernel of this process; the server chooses the same one.
    let scanKernel = ScanKernel.chosen.name
    let rows: Int
    let dimension: Int
    let inFlight: Int
    private let loadBefore = LoadAverage.lastMinute
    private(set) var loadAfter = ""
    /// Seconds from starting a server until it listens.
    private(set) var starts = Samples()
    /// Seconds from a version's publication to its first answer.
    private(set) var swaps = Samples()
    private(set) var steady = Histogram().figures
    private(set) var loading = Histogram().figures
    /// For each round, the p99 in milliseconds before and during the load of a version.
    private(set) var rounds: [[Double]] = []
    private(set) var isReadyGoalMet = false
    private(set) var isLatencyGoalMet = false
    private(set) var checks: [Check] = []

    private var steadyLatencies = Histogram()
    private var loadingLatencies = Histogram()
    private var compared = 0
    private var differences = 0
    private var firstDifference: String?
    private var checksums: [Int: UInt64] = [:]

    private enum CodingKeys: String, CodingKey {
        case machine, scanKernel, rows, dimension, inFlight, loadBefore, loadAfter, starts, swaps
        case steady, loading, rounds, isReadyGoalMet, isLatencyGoalMet, checks
    }

    init(rows: Int, dimension: Int, inFlight: Int) {
        self.rows = rows
        self.dimension = dimension
        self.inFlight = inFlight
    }

    mutating func add(start seconds: Double) { starts.append(seconds) }

    /// Adds one swap. A request that overlaps the load counts as during it.
    mutating func add(
        swap result: SwapWatch.Result, steadySince: ContinuousClock.Instant,
        appeared: ContinuousClock.Instant
    ) {
        let first = result.answers.first { $0.version > 1 }?.received ?? .now
        swaps.append((first - appeared).inSeconds)
        var before = Histogram()
        var during = Histogram()
        for answer in result.answers {
            if answer.received > appeared, answer.sent < first {
                during.record(answer.latency)
            } else if answer.sent >= steadySince, answer.received <= appeared {
                before.record(answer.latency)
            }
        }
        rounds.append([before.figures.p99, during.figures.p99])
        steadyLatencies.merge(before)
        loadingLatencies.merge(during)
        compared += result.answers.count
        differences += result.differences
        firstDifference = firstDifference ?? result.firstDifference
        for (user, checksum) in result.checksums where checksums[user, default: checksum] != checksum {
            differences += 1
        }
        checksums.merge(result.checksums) { first, _ in first }
    }

    mutating func finish() {
        loadAfter = LoadAverage.lastMinute
        steady = steadyLatencies.figures
        loading = loadingLatencies.figures
        isReadyGoalMet = max(starts.median, swaps.median) <= Self.secondsMax
        isLatencyGoalMet = loading.p99 <= p99Max
        checks = [
            Check(
                none: "of \(compared.groupedDigits) answers, others than the same user's before",
                found: differences, example: firstDifference)
        ]
    }

    private var p99Max: Double { steady.p99 * Self.p99Factor + Self.p99Allowance }

    var lines: [String] {
        machine.lines + [
            "int8 kernel: \(scanKernel); load average \(loadBefore) before, \(loadAfter) after; "
                + "memory was touched before each measurement",
            "",
            "versions of \(rows.groupedDigits) x \(dimension) and \(DrawnModel.userCount.groupedDigits) users, no "
                + "catalog, in the page cache",
            "from the start of a server until it listens       \(line(starts))",
            "from a version's appearance until it answers      \(line(swaps))",
            "goal <= \((Self.secondsMax * 1_000).millisecondsText): \(isReadyGoalMet ? "met" : "not met")",
            "",
            "\(inFlight) requests in flight",
            "before         \(steady.line)",
            "while loading  \(loading.line)",
            "p99 of rounds  "
                + rounds.map { "\($0[0].fixed(1)) -> \($0[1].fixed(1))" }.joined(separator: ", ") + " ms",
            "goal p99 <= \(p99Max.millisecondsText), twice the one before and \(Self.p99Allowance.millisecondsText): "
                + (isLatencyGoalMet ? "met" : "not met"),
            "",
        ]
    }

    private func line(_ samples: Samples) -> String {
        "median \((samples.median * 1_000).millisecondsText)  best \((samples.best * 1_000).millisecondsText)  "
            + "(\(samples.seconds.count))"
    }
}
