import KindredTerminal

/// What `kindred-bench load` measured.
struct LoadReport: Report {
    let machine = Machine.current
    let setting: LoadSetting
    let loadBefore: String
    let loadAfter = LoadAverage.lastMinute
    let result: LoadResult
    let verification: AnswerVerification
    let checks: [Check]

    private enum CodingKeys: String, CodingKey {
        case machine, setting, loadBefore, loadAfter, result, verification, checks
    }

    init(
        setting: LoadSetting, loadBefore: String, result: LoadResult, samples: AnswerSamples,
        verification: AnswerVerification
    ) {
        self.setting = setting
        self.loadBefore = loadBefore
        self.result = result
        self.verification = verification
        checks =
            [
                Check(
                    none: "requests that failed and were not refused for overload", found: result.failedCount,
                    example: result.failureExample),
                Check(
                    none:
                        "of \(samples.answers.count.groupedDigits) answers looked at, those that contradict "
                        + "themselves or one another", found: samples.faults, example: samples.firstFault),
                Check(
                    none:
                        "of \(verification.compared.groupedDigits) answers asked for again, others than "
                        + "under load",
                    found: verification.differences, example: verification.firstDifference),
            ]
    }

    var lines: [String] {
        machine.lines + [
            "load average \(loadBefore) before, \(loadAfter) after", "",
        ] + setting.lines + [result.loop, ""] + result.lines + swapLines + otherVersionLines + [""]
    }

    private var swapLines: [String] {
        guard let swaps = result.swaps else { return [] }
        let times = swaps.windows.map(\.milliseconds).sorted()
        guard let longest = times.last else { return ["swaps      none within the time"] }
        return [
            "swaps      \(times.count), median \(times[times.count / 2].millisecondsText), longest "
                + "\(longest.millisecondsText) until active"
        ]
    }

    private var otherVersionLines: [String] {
        verification.otherVersion == 0
            ? []
            : ["not compared: \(verification.otherVersion) answers, now of another version than under load"]
    }
}
