import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// Candidates are gathered or scanned, depending on their number.
@Suite struct ScanPlannerTests {
    /// Room for any number of candidates.
    private static let operationsUnlimited = Int.max

    private func side(rowCount: Int, dimension: Int = 2) throws -> GenerationSide {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: rowCount, dimension: dimension, using: &generator)
        return try Generation.sample(items: rows, metric: .dot).items!
    }

    private func list(_ count: Int) -> IDList { .numbers((0..<count).map(UInt64.init)) }

    @Test(arguments: [(20, true), (21, false)])
    func fewCandidatesOfOneQueryAreGathered(count: Int, isGathered: Bool) throws {
        let side = try side(rowCount: 640)
        let lists = RaggedIDs(shared: list(count))
        #expect(
            ScanPlanner.gathers(
                lists, queryCount: 1, over: side, operationCountMax: Self.operationsUnlimited) == isGathered)
    }

    @Test func theLongestListDecides() throws {
        let side = try side(rowCount: 640)
        func gathers(_ offsets: [UInt32]) -> Bool {
            ScanPlanner.gathers(
                RaggedIDs(ids: list(Int(offsets.last!)), offsets: offsets)!, queryCount: offsets.count - 1,
                over: side, operationCountMax: Self.operationsUnlimited)
        }
        #expect(gathers([0, 20, 40, 41]))
        #expect(!gathers([0, 20, 41, 42]))
    }

    @Test func manyQueriesWithTheSameCandidatesScanEarlier() throws {
        let side = try side(rowCount: 1_000)
        func gathers(count: Int, queryCount: Int) -> Bool {
            ScanPlanner.gathers(
                RaggedIDs(shared: list(count)), queryCount: queryCount, over: side,
                operationCountMax: Self.operationsUnlimited)
        }
        #expect(gathers(count: 31, queryCount: 7) && !gathers(count: 32, queryCount: 7))
        #expect(gathers(count: 2, queryCount: 8) && !gathers(count: 3, queryCount: 8))
    }

    @Test func allCandidatesTogetherFitTheOperations() throws {
        let side = try side(rowCount: 640, dimension: 4)
        func gathers(_ lists: RaggedIDs, queryCount: Int) -> Bool {
            ScanPlanner.gathers(lists, queryCount: queryCount, over: side, operationCountMax: 120)
        }
        // 5 queries x 6 candidates x 4 elements.
        #expect(gathers(RaggedIDs(shared: list(6)), queryCount: 5))
        #expect(!gathers(RaggedIDs(shared: list(7)), queryCount: 5))
        #expect(gathers(RaggedIDs(ids: list(30), offsets: [0, 15, 30])!, queryCount: 2))
        #expect(!gathers(RaggedIDs(ids: list(31), offsets: [0, 15, 31])!, queryCount: 2))
    }
}
