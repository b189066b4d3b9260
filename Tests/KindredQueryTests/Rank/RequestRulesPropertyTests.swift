import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Whole requests of every kind with all rules in any combination give what plain code gives, to the bit: filters,
/// boosts, caps, diversity, offset, distinct, seen, because, unknown ids, lists, minimum scores, over items and over
/// users, by every path and scan kernel of this machine.
@Suite struct RequestRulesPropertyTests {
    /// Requests of the run; more in an optimised build.
    private static let requestCount = isOptimised ? 20_000 : 400

    /// What the run has met, so that it cannot pass without.
    private struct Met {
        var rows = 0
        var failed = 0
        var popular = 0
        var empty = 0
        var taken = 0
        var reasons = 0
        var overUsers = 0
        var largest = 0
    }

    @Test func everyAnswerIsWhatPlainCodeFinds() throws {
        var generator = SeededGenerator.announced()
        var met = Met()
        var requests = 0
        while requests < Self.requestCount {
            let store = try StoreCase(using: &generator)
            for _ in 0..<4 {
                try check(store, &met, &generator)
                requests += 1
            }
        }
        print("\(met)")
        #expect(met.rows > 0 && met.failed > 0 && met.popular > 0 && met.empty > 0)
        #expect(met.taken > 0 && met.reasons > 0 && met.overUsers > 0)
        if isOptimised { #expect(met.largest > 100) }
    }

    private func check(_ store: StoreCase, _ met: inout Met, _ generator: inout SeededGenerator) throws {
        let asked = StoreRequest(store, using: &generator)
        let scan = [ScanMode.auto, .blas, .int8].randomElement(using: &generator)!
        let response = try answer(
            asked.request, store.generation, scan: scan,
            kernel: ScanKernel.available.randomElement(using: &generator)!,
            workerCount: Int.random(in: 1...3, using: &generator), using: &generator)
        let wanted = asked.answers(from: store)
        let setting = "seed \(generator.seed), \(asked.request)"
        guard response.outcomes.count == wanted.count, response.offsets.count == wanted.count + 1 else {
            Issue.record("\(response.outcomes.count) answers for \(wanted.count) queries: \(setting)")
            return
        }
        if asked.request.scope.target == .users { met.overUsers += 1 }
        met.largest = max(met.largest, wanted.count)
        for (index, want) in wanted.enumerated() {
            let outcome = response.outcomes[index]
            let place = "query \(index), \(setting)"
            #expect((outcome.failure == nil) == (want.kind != .failed), "\(place)")
            if want.kind != .failed {
                #expect(outcome.rowsEligible == UInt64(want.eligibleCount), "\(place)")
            }
            #expect(outcome.isFallback == (want.kind == .popular), "\(place)")
            let results = Int(response.offsets[index])..<Int(response.offsets[index + 1])
            #expect(
                results.map { response.ids[$0] } == want.rows.map { .number(UInt64($0.row) * 3) }, "\(place)")
            #expect(
                response.scores[results].map(\.bitPattern) == want.rows.map(\.score.bitPattern), "\(place)")
            if let counts = response.unknownIDs {
                #expect(want.kind == .failed || Int(counts[index]) == want.unknownCount, "\(place)")
            }
            if let taken = response.rowsTaken { #expect(taken[index] == UInt64(want.takenCount), "\(place)") }
            expectReasons(response.because, results, want, place)
            met.rows += want.rows.count
            met.taken += want.takenCount
            met.reasons += want.reasons.count { $0 != nil }
            switch want.kind {
            case .failed: met.failed += 1
            case .popular: met.popular += 1
            case .empty: met.empty += 1
            case .scored: break
            }
        }
    }

    private func expectReasons(
        _ because: BecauseList?, _ results: Range<Int>, _ want: StoreRequest.Answer, _ place: String
    ) {
        guard let because else { return }
        #expect(because.found[results].map { $0 } == want.reasons.map { $0 != nil }, "\(place)")
        let first = because.items(before: results.lowerBound)
        let found = want.reasons.compactMap(\.self)
        guard first + found.count <= because.ids.count else {
            Issue.record("too few reasons: \(place)")
            return
        }
        #expect(
            found.indices.map { because.ids[first + $0] } == found.map { .number(UInt64($0) * 3) }, "\(place)"
        )
    }
}
