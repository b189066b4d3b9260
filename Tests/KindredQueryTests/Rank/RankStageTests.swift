import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// What the rank stage accepts, and how many rows it asks for.
@Suite struct RankStageTests {
    private static let column = GroupColumn(offsets: [0], groups: [], count: 0)

    private func stage(
        k: Int = 10, offset: Int = 0, caps: [Int] = [], diversity: Diversity? = nil, isDistinct: Bool = false
    ) throws -> RankStage {
        try RankStage(
            k: k, offset: offset, caps: caps.map { CapRule(Self.column, most: $0) }, diversity: diversity,
            isDistinct: isDistinct)
    }

    @Test func windowsEndAtTheLimitOfK() throws {
        let limit = Int(Limits.standard.kMax)
        #expect(try stage(k: 1, offset: limit - 1).window == limit - 1..<limit)
        #expect(throws: RuleFailure.windowTooLarge(end: UInt64(limit + 1), limit: limit)) {
            try stage(k: 1, offset: limit)
        }
        #expect(throws: RuleFailure.self) { try stage(k: 1, offset: .max) }
    }

    @Test func capsAreFewAndAboveZero() throws {
        let limit = Int(Limits.standard.capsMax)
        #expect(try stage(caps: Array(repeating: 1, count: limit)).caps.count == limit)
        #expect(throws: RuleFailure.tooManyCaps(limit + 1, limit: limit)) {
            try stage(caps: Array(repeating: 1, count: limit + 1))
        }
        #expect(throws: RuleFailure.capIsZero(cap: 1)) { try stage(caps: [1, 0]) }
    }

    @Test func diversityIsAShareAndItsPoolHoldsTheWindow() throws {
        let limit = Int(Limits.standard.poolMax)
        for weight in [-0.01, 1.01, .nan, .infinity] {
            #expect(throws: RuleFailure.self, "\(weight)") { try stage(diversity: Diversity(weight: weight)) }
        }
        for weight in [0.0, 1] { _ = try stage(diversity: Diversity(weight: weight)) }
        #expect(try stage(offset: 5, diversity: Diversity(weight: 0.5)).wantedCount == 150)
        #expect(try stage(k: 500, diversity: Diversity(weight: 0.5)).wantedCount == limit)
        #expect(try stage(diversity: Diversity(weight: 0.5, pool: UInt32(limit))).wantedCount == limit)
        #expect(throws: RuleFailure.poolTooLarge(UInt64(limit + 1), limit: limit)) {
            try stage(diversity: Diversity(weight: 0.5, pool: UInt32(limit + 1)))
        }
        #expect(try stage(offset: 5, diversity: Diversity(weight: 0.5, pool: 15)).wantedCount == 15)
        #expect(throws: RuleFailure.poolTooSmall(14, end: 15)) {
            try stage(offset: 5, diversity: Diversity(weight: 0.5, pool: 14))
        }
        #expect(throws: RuleFailure.poolTooLarge(2_001, limit: limit)) {
            try stage(k: 1, offset: 2_000, diversity: Diversity(weight: 0.5))
        }
    }

    @Test func withoutRulesNothingMoreIsFetched() throws {
        #expect(try stage(k: 7, offset: 3).isPlain)
        #expect(try stage(k: 7, offset: 3).fetchCount == 10)
        #expect(try stage(k: 7, offset: 3, diversity: Diversity(weight: 0)).isPlain)
        #expect(try !stage(caps: [1]).isPlain)
        #expect(try !stage(isDistinct: true).isPlain)
        #expect(try !stage(diversity: Diversity(weight: 0.1)).isPlain)
        #expect(try stage(isDistinct: true).fetchCount(ofQuery: 0) == 10)
        #expect(try stage(isDistinct: true).fetchCount(ofQuery: 2) == 30)
    }

    @Test func everyFailureSaysWhatWouldBeRight() {
        let failures: [RuleFailure] = [
            .boostNotFinite(boost: 0, value: .nan), .factorNotPositive(boost: 1, value: -2),
            .tooManyBoosts(9, limit: 8), .boostsOverflow(score: 2), .capIsZero(cap: 0),
            .tooManyCaps(5, limit: 4), .diversityOutOfRange(2), .poolTooLarge(3_000, limit: 2_000),
            .poolTooSmall(5, end: 10), .windowTooLarge(end: 1_001, limit: 1_000),
        ]
        #expect(Set(failures.map(\.description)).count == failures.count)
        #expect(
            RuleFailure.windowTooLarge(end: 1_001, limit: 1_000).description
                == "offset and k are 1001 together: at most 1000")
        #expect(RuleFailure.diversityOutOfRange(2).description == "diversity is 2.0: 0 to 1")
    }
}
