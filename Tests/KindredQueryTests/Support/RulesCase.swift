import KindredDomain
import KindredModel
import KindredQuery
import TestSupport

/// Random boosts, caps, diversity and window over one table, for the engine and for the oracle.
struct RulesCase: CustomStringConvertible {
    private(set) var oracle: RulesOracle
    private(set) var stage: RankStage
    private let isDistinct: Bool
    private let boosts: [Boost]
    private let side: GenerationSide

    init(
        _ rows: [[Float]], _ oracle: Oracle, over side: GenerationSide, isDistinct: Bool,
        using generator: inout SeededGenerator
    ) throws {
        self.oracle = RulesOracle(oracle)
        self.isDistinct = isDistinct
        self.side = side
        let count = rows.count
        self.oracle.boosts = Self.boosts(count, &generator)
        boosts = self.oracle.boosts.map {
            Boost($0.effect, rows: RowMask(rows: $0.rows.map { UInt32($0) }, codes: side.codes))
        }
        self.oracle.k = Int.random(
            in: 1...[1, 3, 10, 40].randomElement(using: &generator)!, using: &generator)
        self.oracle.offset = [0, 0, 1, 15].randomElement(using: &generator)!
        let capCount = [0, 1, 1, 2, 3].randomElement(using: &generator)!
        self.oracle.caps = (0..<capCount).map { _ in
            RulesOracle.Cap(
                groups: Self.groups(count, &generator), most: Int.random(in: 1...3, using: &generator))
        }
        let weight = [nil, nil, 0, 0.3, 1, generator.uniform()].randomElement(using: &generator)!
        if let weight {
            let end = self.oracle.offset + self.oracle.k
            let pool =
                Bool.random(using: &generator) ? nil : UInt32(end + Int.random(in: 0...30, using: &generator))
            self.oracle.diversity = Diversity(weight: weight, pool: pool)
        }
        stage = try RankStage(
            k: self.oracle.k, offset: self.oracle.offset, caps: self.oracle.caps.map(Self.rule),
            diversity: self.oracle.diversity, isDistinct: isDistinct)
    }

    /// Boosts that tie, collapse, change the order and underflow.
    private static func boosts(_ count: Int, _ generator: inout SeededGenerator) -> [RulesOracle.Boost] {
        let boostCount = [0, 1, 1, 2, 2, 3, 8].randomElement(using: &generator)!
        return (0..<boostCount).map { _ in
            let factors = [0.5, 1, 1.5, 2, 1e-3, 1e-20, 1e-30, 1e-300, 1e6, 1.000_000_1]
            let terms = [0, 0.25, 1, -1, 5, -3.5, 1e9, -1e30, 1e-30, 16_777_216]
            let effect: BoostEffect =
                Bool.random(using: &generator)
                ? .multiply(factors.randomElement(using: &generator)!)
                : .add(terms.randomElement(using: &generator)!)
            let share = [0.0, 0.003, 0.05, 0.3, 0.9, 1].randomElement(using: &generator)!
            return RulesOracle.Boost(
                effect, rows: Set((0..<count).filter { _ in generator.uniform() <= share }))
        }
    }

    /// The groups of each row: one value for each, or several; few rows or nearly all in one group; some in none.
    private static func groups(_ count: Int, _ generator: inout SeededGenerator) -> [[Int]] {
        let isSingle = Bool.random(using: &generator)
        let groupCount = [1, 2, 10, 300].randomElement(using: &generator)!
        let share = [0.0, 0.5, 0.95].randomElement(using: &generator)!
        let none = [0.0, 0.2].randomElement(using: &generator)!
        return (0..<count).map { _ in
            if generator.uniform() <= none { return [] }
            let valueCount = isSingle ? 1 : Int.random(in: 0...3, using: &generator)
            let values = (0..<valueCount).map { _ in
                generator.uniform() <= share ? 0 : Int.random(in: 0..<groupCount, using: &generator)
            }
            return Array(Set(values))
        }
    }

    private static func rule(_ cap: RulesOracle.Cap) -> CapRule {
        var offsets: [UInt32] = [0]
        var groups: [UInt32] = []
        for row in cap.groups {
            groups += row.map { UInt32($0) }
            offsets.append(UInt32(groups.count))
        }
        return CapRule(GroupColumn(offsets: offsets, groups: groups, count: 300), most: cap.most)
    }

    /// A query with the rules. Nil where its boosted scores could overflow, which is refused.
    func planned(_ query: PlannedQuery, number: Int) -> PlannedQuery? {
        var planned = query
        planned.fetchCount = stage.fetchCount(ofQuery: number)
        guard !boosts.isEmpty else { return planned }
        let rows = RowBoosts(boosts, codes: side.codes, fetchCount: planned.fetchCount)
        do throws(RuleFailure) { try rows.checkRange(of: query.ranking) } catch { return nil }
        planned.boosts = rows
        return planned
    }

    var description: String {
        let boosts = oracle.boosts.map { "\($0.effect) on \($0.rows.count)" }
        let caps = oracle.caps.map { "\($0.most) of \(Set($0.groups.joined()).count)" }
        let diversity = oracle.diversity.map { "\($0)" } ?? "no diversity"
        return "boosts \(boosts), caps \(caps), \(diversity), offset \(oracle.offset), k \(oracle.k), "
            + "distinct \(isDistinct)"
    }
}
