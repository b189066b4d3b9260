import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Groups of catalog columns, and the further scans that caps need.
@Suite struct CapTests {
    private func column(_ values: CatalogValues, present: [Bool]) -> GroupColumn {
        var bits = Bitmap(count: present.count)
        for (row, isPresent) in present.enumerated() where isPresent { bits[row] = true }
        return GroupColumn(CatalogColumn(name: "c", values: values, present: bits), rowCount: present.count)
    }

    @Test func equalValuesAreAGroupAndNullIsInNone() {
        let integers = column(.integers([7, -7, 7, 0, 7]), present: [true, true, true, true, false])
        #expect(integers.count == 3)
        #expect(Array(integers.groups(ofRow: 0)) == Array(integers.groups(ofRow: 2)))
        #expect(Array(integers.rows(ofGroup: integers.groups(ofRow: 0).first!)) == [0, 2])
        #expect(integers.groups(ofRow: 4).isEmpty)

        let reals = column(
            .reals([0, -0.0, .infinity, -.infinity, 0]), present: [true, true, true, true, false])
        #expect(reals.count == 3)
        #expect(Array(reals.rows(ofGroup: reals.groups(ofRow: 1).first!)) == [0, 1])

        var dictionary = TextList()
        for text in ["", "a"] { dictionary.append(text.utf8) }
        let texts = column(
            .text(codes: [1, 0, 1, 0], dictionary: dictionary), present: [true, true, true, false])
        #expect(texts.count == 2)
        #expect(Array(texts.rows(ofGroup: 1)) == [0, 2])
        #expect(Array(texts.rows(ofGroup: 0)) == [1])
        #expect(texts.groups(ofRow: 3).isEmpty)
    }

    @Test func aRowHasAllItsValuesAsGroups() {
        let tags = GroupColumn(offsets: [0, 2, 2, 3], groups: [4, 1, 4], count: 6)
        #expect(tags.rowCount == 3)
        #expect(Array(tags.groups(ofRow: 0)) == [4, 1])
        #expect(tags.groups(ofRow: 1).isEmpty)
        #expect(Array(tags.rows(ofGroup: 4)) == [0, 2])
        #expect(tags.rows(ofGroup: 5).isEmpty)
    }

    /// Scans until every query has its rows; the rows, and the number of further scans.
    private func rank(
        _ rows: [[Float]], _ query: [Float], _ stage: RankStage, _ generator: inout SeededGenerator
    ) throws -> (rows: [UInt32], fetches: Int) {
        let generation = try Generation.sample(items: rows, metric: .dot)
        let side = generation.items!
        let planned = PlannedQuery(
            ranking: RankingVector(QueryVector(made: query), similarity: .dot), fetchCount: stage.fetchCount,
            eligibility: Eligibility(count: rows.count), path: .blas)
        func scan(_ queries: [PlannedQuery]) -> [ScanResult] {
            let batch = ScanBatch(generation: generation, target: side, queries: queries)
            return runScan(batch, workerCount: 1, using: &generator)
        }
        var ranking = RequestRanking(stage, queries: [planned], found: scan([planned]), over: side)
        var fetches = 0
        while true {
            switch ranking.step(budget: 1_000) {
            case .working: break
            case .needsRows(let fetch):
                fetches += 1
                ranking.take(scan(fetch.queries))
            case .done(let ranked): return (ranked[0]?.rows.map(\.row) ?? [], fetches)
            }
        }
    }

    /// Rows in the order of their scores, with a group for each row.
    private func rank(_ groups: [Int], most: Int, k: Int) throws -> (rows: [UInt32], fetches: Int) {
        var generator = SeededGenerator(seed: 1)
        let rows = groups.indices.map { [Float(groups.count - $0)] }
        let column = GroupColumn(
            offsets: (0...groups.count).map { UInt32($0) }, groups: groups.map { UInt32($0) },
            count: (groups.max() ?? 0) + 1)
        let stage = try RankStage(k: k, offset: 0, caps: [CapRule(column, most: most)])
        return try rank(rows, [1], stage, &generator)
    }

    @Test func usualGroupsNeedOneScan() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<20 {
            let groups = (0..<2_000).map { _ in Int.random(in: 0..<1_000, using: &generator) }
            let (rows, fetches) = try rank(groups, most: 2, k: 10)
            #expect(rows.count == 10)
            #expect(fetches == 0)
        }
    }

    @Test func aGroupOfNearlyAllRowsNeedsOneScanMore() throws {
        let groups = (0..<3_000).map { $0 % 250 == 249 ? $0 : 0 }
        let (rows, fetches) = try rank(groups, most: 2, k: 10)
        let others = (0..<8).map { UInt32($0 * 250 + 249) }
        #expect(rows == [0, 1] + others)
        #expect(fetches == 1)
    }

    /// Every group lies together in the order of scores, so that a scan of few rows finds one group only.
    @Test func groupsThatLieTogetherNeedFewScans() throws {
        let groups = (0..<4_000).map { $0 / 100 }
        let (rows, fetches) = try rank(groups, most: 1, k: 40)
        let firsts = (0..<40).map { UInt32($0 * 100) }
        #expect(rows == firsts)
        #expect(fetches <= 4, "\(fetches) further scans")
    }

    @Test func fewerRowsThanAreAskedForWhereTheCapsLetNoMorePass() throws {
        let (rows, fetches) = try rank(Array(repeating: 0, count: 500), most: 3, k: 10)
        #expect(rows == [0, 1, 2])
        #expect(fetches == 0, "no row is left")
    }
}
