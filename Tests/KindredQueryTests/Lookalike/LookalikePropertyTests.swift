import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// An audience equals the oracle's to the bit, however its rows are selected.
@Suite struct LookalikePropertyTests {
    /// Ways to select the rows of an audience.
    private enum Way: CaseIterable {
        case allScored
        case codesFirst
        /// A threshold that too few rows reach, so that all rows are scored after all.
        case thresholdTooHigh
        case usualRule

        var rule: SelectionRule {
            var rule = SelectionRule()
            switch self {
            case .allScored: rule.int8RowsMin = .max
            case .codesFirst:
                rule.int8RowsMin = 0
                rule.candidateShareMax = 1
            case .thresholdTooHigh:
                rule.int8RowsMin = 0
                rule.candidateShareMax = 1
                rule.deviations = -5
            case .usualRule: rule.int8RowsMin = 0
            }
            return rule
        }
    }

    /// Counts of the ways that audiences were found.
    private struct Tally {
        var cases = 0
        /// All rows were scored after the codes had been scanned.
        var secondScans = 0
        /// Only marked rows were scored.
        var codedAlone = 0
    }

    @Test func audiencesEqualTheOracle() throws {
        var generator = SeededGenerator.announced()
        var tallies = [Way: Tally]()
        for _ in 0..<(isOptimised ? 1_500 : 60) { try checkOneAudience(&generator, &tallies) }
        #expect(tallies[.allScored]!.codedAlone == 0)
        #expect(tallies[.codesFirst]!.codedAlone > tallies[.codesFirst]!.cases / 2)
        #expect(tallies[.thresholdTooHigh]!.secondScans > 0)
    }

    private func checkOneAudience(_ generator: inout SeededGenerator, _ tallies: inout [Way: Tally]) throws {
        let shape = VectorShape.allCases.randomElement(using: &generator)!
        let dimension = Int.random(in: 1...40, using: &generator)
        let rowCount = [
            Int.random(in: 1...300, using: &generator), Int.random(in: 1...3_000, using: &generator),
        ]
        .randomElement(using: &generator)!
        let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
        let generation = try Generation.sample(users: rows, metric: .dot)
        let oracle = Oracle(rows: rows)
        let seeds = Set(
            (0...Int.random(in: 0...50, using: &generator)).map { _ in
                Int.random(in: 0..<rowCount, using: &generator)
            })
        var request = LookalikeRequest(size: .count(1))
        request.similarity = Similarity.allCases.randomElement(using: &generator)!
        request.includesSeeds = Bool.random(using: &generator)
        let mean = oracle.mean(Array(seeds))
        let ranking = oracle.best(mean, k: rowCount, similarity: request.similarity!) {
            request.includesSeeds || !seeds.contains($0)
        }
        let ids = IDList.numbers(
            seeds.map { UInt64($0) * 3 } + [1, 4, 4] + seeds.prefix(1).map { UInt64($0) * 3 })
        for way in Way.allCases {
            request.size = size(of: ranking.map(\.score), rowCount: rowCount, &generator)
            let driven: DrivenExpansion
            do {
                driven = try expand(request, seeds: ids, generation, rule: way.rule, using: &generator)
            } catch let failure as RequestFailure {
                #expect(failure == .invalidArgument(.seedsCancel))
                #expect(mean.allSatisfy { $0 == 0 })
                continue
            }
            #expect(driven.seeds.matchedCount == UInt64(seeds.count))
            #expect(driven.seeds.duplicateCount == 1)
            #expect(driven.seeds.unmatchedCount == 3)
            #expect(driven.rowsEligible == UInt64(ranking.count))
            #expect(driven.rowsScanned <= UInt64(rowCount))
            var wanted = ranking
            switch request.size {
            case .count(let count): wanted = Array(wanted.prefix(Int(count)))
            case .share(let parts): wanted = Array(wanted.prefix(max(1, rowCount * Int(parts) / 1_000_000)))
            case .minimumScore(let score): wanted = wanted.filter { $0.score >= score }
            }
            let isEqual =
                driven.audience.numbers == wanted.map { UInt64($0.row) * 3 }
                && driven.audience.scores.map(\.bitPattern) == wanted.map(\.score.bitPattern)
            #expect(
                isEqual,
                "seed \(generator.seed): \(shape) \(rowCount) x \(dimension), \(request.size), \(way)")
            tallies[way, default: Tally()].cases += 1
            guard driven.scannedCodes else { continue }
            if driven.scoredAll {
                tallies[way]!.secondScans += 1
            } else {
                tallies[way]!.codedAlone += 1
            }
        }
    }

    /// A count, a share or a score near an edge: few rows, all rows, and scores that rows have.
    private func size(of scores: [Float], rowCount: Int, _ generator: inout SeededGenerator) -> AudienceSize {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return .count(UInt64.random(in: 1...UInt64(rowCount + 5), using: &generator))
        case 1: return .count(UInt64.random(in: 1...UInt64(rowCount / 20 + 1), using: &generator))
        case 2: return .share(partsPerMillion: UInt32.random(in: 1...1_000_000, using: &generator))
        case 3: return .share(partsPerMillion: UInt32.random(in: 1...50_000, using: &generator))
        case 4: return .minimumScore(scores.randomElement(using: &generator) ?? 0)
        default: return .minimumScore(Float.random(in: -1...1, using: &generator))
        }
    }

    /// Over many rows, the usual rule scans the codes for small audiences and scores all rows for large ones.
    @Test(arguments: Similarity.allCases)
    func codesAreScannedForSmallAudiences(_ similarity: Similarity) throws {
        var generator = SeededGenerator.announced()
        let rowCount = isOptimised ? 120_000 : 20_000
        let rows = VectorShape.flat.rows(count: rowCount, dimension: 16, using: &generator)
        let generation = try Generation.sample(users: rows, metric: .dot)
        let oracle = Oracle(rows: rows)
        let seeds = (0..<20).map { $0 * 17 }
        let ids = IDList.numbers(seeds.map { UInt64($0) * 3 })
        var request = LookalikeRequest(size: .count(1))
        request.similarity = similarity
        let ranking = oracle.best(oracle.mean(seeds), k: rowCount, similarity: similarity) {
            !seeds.contains($0)
        }
        for (count, isByCodes) in [
            (1, true), (rowCount / 1_000, true), (rowCount / 100, true), (rowCount, false),
        ] {
            request.size = .count(UInt64(count))
            let driven = try expand(request, seeds: ids, generation, rule: SelectionRule(), using: &generator)
            #expect(driven.audience.numbers == ranking.prefix(count).map { UInt64($0.row) * 3 })
            #expect(
                driven.audience.scores.map(\.bitPattern) == ranking.prefix(count).map(\.score.bitPattern))
            #expect(driven.scannedCodes == isByCodes, "\(count) of \(rowCount)")
            #expect(driven.scoredAll != isByCodes, "\(count) of \(rowCount)")
        }
    }
}
