import KindredDomain
import KindredQuery

/// Requests with one rule, of all users in turn, as a contender of a measurement.
final class RuleSeries {
    /// The answers to the first requests.
    struct Observation {
        var answers: [RuleBruteForce.Answer] = []
        var rowsRescored = 0

        mutating func add(_ outcome: RuleRunner.Outcome) {
            answers += RuleSeries.answers(outcome.response)
            rowsRescored += outcome.rowsRescored
        }

        var rowsRescoredPerQuery: Double { Double(rowsRescored) / Double(max(1, answers.count)) }

        /// A checksum of rows, score bits and reasons.
        var checksum: String {
            var checksum = AnswerChecksum()
            for answer in answers {
                checksum.add(answer.rows)
                for row in answer.because ?? [] { checksum.add(UInt64(row)) }
            }
            return checksum.value.hexadecimal
        }

        /// The first query whose answer is not the wanted one, as text; nil where all are right. `name` is the rule's.
        func difference(from wanted: [RuleBruteForce.Answer], _ name: String) -> String? {
            let compared = min(wanted.count, answers.count)
            guard compared > 0 else { return "\(name): no answers" }
            return (0..<compared).first { answers[$0] != wanted[$0] }.map {
                "\(name), query \($0): \(answers[$0]), wanted \(wanted[$0])"
            }
        }
    }

    private let rule: EngineRule
    private let batch: Int
    private let model: RulesModel
    private let runner: RuleRunner
    private let requests: [RecommendRequest]
    private var next = 0

    init(_ rule: EngineRule, batch: Int, model: RulesModel, runner: RuleRunner) {
        self.rule = rule
        self.batch = batch
        self.model = model
        self.runner = runner
        requests = (0..<RulesModel.userCount / batch).map {
            rule.request($0 * batch..<($0 + 1) * batch, of: model, number: 0)
        }
    }

    var contender: Interleaved.Contender { .threadWork { _ = try self.step() } }

    /// Answers the next request.
    func step() throws -> RuleRunner.Outcome {
        defer { next += 1 }
        guard rule == .newComparisons else { return try runner.answer(requests[next % requests.count]) }
        let first = next % requests.count * batch
        return try runner.answer(rule.request(first..<first + batch, of: model, number: next))
    }

    /// Answers the first requests, until at least `count` queries are answered.
    func observe(atLeast count: Int) throws -> Observation {
        var observation = Observation()
        while observation.answers.count < count {
            observation.add(try step())
        }
        return observation
    }

    fileprivate static func answers(_ response: RecommendResponse) -> [RuleBruteForce.Answer] {
        response.outcomes.indices.map { query in
            let results = Int(response.offsets[query])..<Int(response.offsets[query + 1])
            var answer = RuleBruteForce.Answer(
                rows: results.map { RankingKey(score: response.scores[$0], row: row(response.ids[$0])) })
            if let because = response.because {
                let first = because.items(before: results.lowerBound)
                answer.because = results.indices.map { row(because.ids[first + $0 - results.lowerBound]) }
            }
            return answer
        }
    }

    private static func row(_ id: ExternalID) -> UInt32 {
        guard case .number(let row) = id else { return .max }
        return UInt32(truncatingIfNeeded: row)
    }
}
