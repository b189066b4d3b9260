import KindredDomain
import KindredQuery
import KindredTerminal

/// Measures each rule of RECOMMEND beside requests without rules, on one thread by its processor time, from ids to the
/// reply's columns. A batch is one request.
struct RulesMeasurement {
    let run: EngineRun
    let kinds: [VectorKind]
    let rows: [Int]
    let batches: [Int]

    static let rowsUsual = [10_000, 100_000, 1_000_000]
    static let batchesUsual = [1, 32]
    static let rowsOfSmoke = [3_659]
    private static let dimension = 64
    /// Queries whose answers are compared with those of plain code, which reads all rows for each.
    private static let queriesCompared = 8
    private static let queriesComparedOfMany = 2
    private static let manyRows = 1_000_000
    /// Milliseconds that a filter seen for the first time may take longer than one seen before.
    private static let newFilterMillisecondsMax = 5.0
    /// A folded-in vector is rounded to float32.
    private static let residualMax = 1e-4

    /// More and shorter rounds than elsewhere: shares are of the best round each.
    private var interleaved: Interleaved {
        let rounds = run.isSmoke ? 1 : Self.roundCount
        return Interleaved(rounds: rounds, secondsPerSample: run.seconds / Double(rounds))
    }

    private static let roundCount = 25

    func measure(into report: inout EngineReport) throws {
        for kind in kinds {
            for rowCount in rows {
                let name = "rules: \(kind.rawValue) \(rowCount.groupedDigits) x \(Self.dimension)"
                let needed = RulesModel.byteCount(rows: rowCount, dimension: Self.dimension)
                let available = AvailableMemory.byteCount
                // A quarter of the memory stays free.
                guard needed < available / 4 * 3 else {
                    report.omissions.append(
                        "\(name): needs \(needed.mebibytes), \(available.mebibytes) are available")
                    continue
                }
                run.progress.show("\(name): making the model")
                let model = try RulesModel(
                    kind, rows: rowCount, dimension: Self.dimension, shipped: run.shipped,
                    team: run.teams[.all])
                run.progress.show("\(name): comparing the answers")
                try measure(model, name, into: &report)
            }
        }
    }

    private func measure(_ model: RulesModel, _ name: String, into report: inout EngineReport) throws {
        let runner = RuleRunner(model.generation)
        let compared = min(
            model.rows < Self.manyRows ? Self.queriesCompared : Self.queriesComparedOfMany,
            RulesModel.userCount)
        let wanted = try self.wanted(compared, model, runner, into: &report)
        for batch in batches {
            var series: [RuleSeries] = []
            var observations: [RuleSeries.Observation] = []
            var differences: [String] = []
            for rule in EngineRule.measured {
                let one = RuleSeries(rule, batch: batch, model: model, runner: runner)
                let observation = try one.observe(atLeast: compared)
                // A batch of distinct queries has answers of its own.
                let brute = batch == 1 && rule.isDistinct ? wanted.alone[rule] : wanted.together[rule]
                if let difference = observation.difference(from: brute ?? [], rule.name) {
                    differences.append(difference)
                }
                series.append(one)
                observations.append(observation)
            }
            report.checks.append(
                Check(
                    none:
                        "\(name), batch \(batch): of \(series.count) rules, such with answers that plain code does "
                        + "not give to the first \(compared) queries", found: differences.count,
                    example: differences.first))
            let samples = try interleaved.run(series.map(\.contender)) {
                run.progress.show("\(name), batch \(batch): \(Int($0 * 100)) %")
            }
            for (index, rule) in EngineRule.measured.enumerated() {
                report.rules.append(
                    row(rule, model, batch, samples[index], plain: samples[0], observations[index]))
            }
            if batch == 1 { addNewFilter(samples, name, to: &report) }
        }
    }

    /// The answers of plain code to the first queries: each query alone, and all in one request.
    private func wanted(
        _ count: Int, _ model: RulesModel, _ runner: RuleRunner, into report: inout EngineReport
    ) throws -> (
        alone: [EngineRule: [RuleBruteForce.Answer]], together: [EngineRule: [RuleBruteForce.Answer]]
    ) {
        let plan = try runner.answer(EngineRule.foldIn.request(0..<count, of: model, number: 0)).plan
        let vectors = plan.queries.map { query in
            query.ranking.vector.withElements { elements in (0..<model.dimension).map { elements[$0] } }
        }
        let equation = VisitorEquation(model)
        let residuals = vectors.enumerated().map { equation.residual(of: $1, visitor: $0) }
        report.checks.append(
            Check(
                none: "of \(vectors.count) folded-in vectors over \(model.kind.rawValue) "
                    + "\(model.rows.groupedDigits), such that do not solve their equation",
                found: residuals.count { !($0 <= Self.residualMax) },
                example: residuals.max().map { "\($0)" }))
        let bruteForce = RuleBruteForce(model)
        var alone: [EngineRule: [RuleBruteForce.Answer]] = [:]
        var together: [EngineRule: [RuleBruteForce.Answer]] = [:]
        for rule in EngineRule.measured {
            together[rule] = bruteForce.answers(rule, 0..<count, vectors: vectors)
            guard rule.isDistinct else { continue }
            alone[rule] = (0..<count).flatMap { bruteForce.answers(rule, $0..<$0 + 1) }
        }
        return (alone, together)
    }

    private func row(
        _ rule: EngineRule, _ model: RulesModel, _ batch: Int, _ samples: Samples, plain: Samples,
        _ observation: RuleSeries.Observation
    ) -> RuleRow {
        RuleRow(
            data: model.kind, rows: model.rows, dimension: model.dimension, batch: batch, rule: rule.name,
            queriesPerSecond: Double(batch) / samples.best,
            microsecondsPerQuery: samples.best / Double(batch) * 1e6, share: plain.best / samples.best,
            noise: plain.ratio(to: samples).spread,
            rowsRescoredPerQuery: observation.rowsRescoredPerQuery,
            goal: rule.goal(model.kind, rows: model.rows, batch: batch), checksum: observation.checksum,
            queriesCompared: observation.answers.count)
    }

    /// How much longer a request takes whose filter is new.
    private func addNewFilter(_ samples: [Samples], _ name: String, to report: inout EngineReport) {
        func best(_ rule: EngineRule) -> Double {
            EngineRule.measured.firstIndex(of: rule).map { samples[$0].best * 1e3 } ?? .infinity
        }
        let (new, known) = (best(.newComparisons), best(.comparisons))
        report.ratios.append(
            RatioRow(
                name: "\(name): ms more for a new filter of three comparisons", ratio: new - known, noise: 0,
                goal: "<= \(Self.newFilterMillisecondsMax)",
                isMet: new - known <= Self.newFilterMillisecondsMax,
                detail: "\(new.fixed(3)) ms, \(known.fixed(3)) seen before", checksum: ""))
    }
}
