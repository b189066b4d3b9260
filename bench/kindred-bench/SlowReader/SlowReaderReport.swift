import KindredTerminal

/// What `kindred-bench slow-reader` measured.
struct SlowReaderReport: Report {
    /// Latencies of one kind of request by phase of the audience.
    struct Stages: Encodable {
        let idle: LatencyFigures
        let scan: LatencyFigures
        let rows: LatencyFigures
        /// Scan and rows together.
        let all: LatencyFigures

        init(_ tally: BystanderTally) {
            func latencies(_ stage: StreamPhase.Stage) -> Histogram {
                tally.latencies[stage, default: Histogram()]
            }
            var both = latencies(.scan)
            both.merge(latencies(.rows))
            (idle, scan, rows, all) = (
                latencies(.idle).figures, latencies(.scan).figures, latencies(.rows).figures, both.figures
            )
        }

        func lines(_ name: String) -> [String] {
            [
                "\(name) before    \(idle.line)", "\(name) scan      \(scan.line)",
                "\(name) rows      \(rows.line)",
            ]
        }
    }

    private static let recommendationP99Max = 5.0
    private static let pingMax = 2.0
    private static let memoryAllowance = 32 << 20
    /// The goal for the p99 during the scan: a multiple of the earlier p99 plus milliseconds.
    private static let scanP99Factor = 2.0
    private static let scanP99Allowance = 1.0

    /// The goal for the p99 of recommendations until the first rows, in milliseconds.
    struct Goal: Encodable {
        let p99Max: Double
        let p99: Double
        let isMet: Bool

        init(_ stages: Stages) {
            p99Max = stages.idle.p99 * scanP99Factor + scanP99Allowance
            p99 = stages.scan.p99
            isMet = stages.idle.count > 0 && stages.scan.count > 0 && p99 <= p99Max
        }

        var line: String {
            "goal p99 of recommendations while the audience is found <= \(p99Max.millisecondsText), twice the "
                + "one before and \(scanP99Allowance.millisecondsText): \(isMet ? "met" : "not met")"
        }
    }

    let users: Int
    let dimension: Int
    let seeds: Int
    let attempt: Int
    let attemptsMax: Int
    let rows: Int
    /// The server's computing time, from the last seed to the sorted audience.
    let computeSeconds: Double
    /// Seconds from the request to the first rows.
    let scanSeconds: Double
    let totalSeconds: Double
    let recommendations: Stages
    let pings: Stages
    let residentBefore: Int
    let residentPeak: Int
    /// Nil where latencies are not judged.
    let scanGoal: Goal?
    private(set) var checks: [Check]

    init(
        model: AudienceModel, attempt: Int, attemptsMax: Int, judgesLatencies: Bool,
        result: SlowReader.Result,
        recommendations: BystanderTally, pings: BystanderTally, memory: (before: Int, peak: Int)
    ) {
        users = model.userCount
        dimension = model.dimension
        seeds = model.seedRows.count
        self.attempt = attempt
        self.attemptsMax = attemptsMax
        rows = result.check.rows
        computeSeconds = result.summary.computeTime.inSeconds
        scanSeconds = result.scan.inSeconds
        totalSeconds = result.total.inSeconds
        self.recommendations = Stages(recommendations)
        self.pings = Stages(pings)
        scanGoal = judgesLatencies ? Goal(self.recommendations) : nil
        residentBefore = memory.before
        residentPeak = memory.peak
        let check = result.check
        let growth = memory.peak - memory.before
        let most = check.rowsWanted * SlowReader.rowByteCount + Self.memoryAllowance
        let p99 = self.recommendations.all.p99
        let longest = self.pings.scan.max
        checks = [
            Check(
                "rows", found: check.rows.groupedDigits, wanted: check.rowsWanted.groupedDigits,
                holds: check.rows == check.rowsWanted && result.summary.rows == UInt64(check.rows)),
            Check(
                "seeds matched", found: "\(result.summary.seedsMatched)", wanted: "\(model.seedRows.count)",
                holds: result.summary.seedsMatched == UInt64(model.seedRows.count)),
            Check(none: "rows of nobody, of a seed or repeated", found: check.unexpectedIDs),
            Check(none: "scores with other bits than the brute force's", found: check.wrongScores),
            Check(none: "rows out of order", found: check.outOfOrder),
            Check(
                none: "failed recommendations", found: recommendations.failures,
                example: recommendations.firstFailure),
            Check(none: "failed pings", found: pings.failures, example: pings.firstFailure),
            Check(
                "memory of the audience", found: growth.mebibytes,
                wanted: "at most \(most.mebibytes), the rows and \(Self.memoryAllowance.mebibytes)",
                holds: growth <= most),
        ]
        guard judgesLatencies else { return }
        checks += [
            Check(
                "p99 of recommendations meanwhile", found: p99.millisecondsText,
                wanted: "under \(Self.recommendationP99Max.millisecondsText)",
                holds: p99 < Self.recommendationP99Max && self.recommendations.all.count > 0),
            Check(
                "longest ping during the scan", found: longest.millisecondsText,
                wanted: "at most \(Self.pingMax.millisecondsText)",
                holds: longest <= Self.pingMax && self.pings.scan.count > 0),
        ]
    }

    var lines: [String] {
        [
            "audience of \(rows.groupedDigits) from \(users.groupedDigits) x \(dimension) and \(seeds.groupedDigits) "
                + "seeds, attempt \(attempt) of at most \(attemptsMax)",
            "first rows after \((scanSeconds * 1_000).millisecondsText) (the server computed "
                + "\((computeSeconds * 1_000).millisecondsText)), all after \((totalSeconds * 1_000).millisecondsText)",
        ]
            + recommendations.lines("recommendations") + pings.lines("pings          ")
            + ["resident before \(residentBefore.mebibytes), at most \(residentPeak.mebibytes) meanwhile"]
            + (scanGoal.map { [$0.line] } ?? [])
    }
}
