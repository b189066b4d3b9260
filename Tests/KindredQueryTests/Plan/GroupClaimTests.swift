import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// One request builds the groups of a column, and others that cap it wait for them.
@Suite struct GroupClaimTests {
    private static let rowCount = 5_000

    private func generation() throws -> Generation {
        let values = (0..<Int64(Self.rowCount)).map { $0 % 50 }
        let brand = CatalogColumn(
            name: "brand", values: .integers(values), present: Bitmap(count: Self.rowCount, repeating: true),
            declaration: ColumnDeclaration(.integer))
        return try Generation.sample(
            items: (0..<Self.rowCount).map { [Float($0 + 1)] }, metric: .dot,
            itemCatalog: CatalogColumns(columns: [brand], idsWithoutVector: 0, rowsWithoutEntry: 0))
    }

    private func planner(_ generation: Generation, column: String = "brand") throws -> RecommendPlanner {
        var request = RecommendRequest(
            scope: QueryScope(queries: .vectors(elements: [1], count: 1), target: .items), k: 10)
        request.rules = RecommendRules()
        request.rules?.caps = [GroupCap(column, atMost: 1)]
        return try RecommendPlanner(request: request, generation: generation)
    }

    private func isDone(_ planner: RecommendPlanner, afterSteps count: Int) throws -> Bool {
        for _ in 0..<count { if case .done = try planner.step(idCount: 64) { return true } }
        return false
    }

    @Test func othersWaitForTheOneThatBuilds() throws {
        let generation = try generation()
        let (first, second) = (try planner(generation), try planner(generation))
        #expect(try !isDone(first, afterSteps: 1))
        // Enough steps for a building of its own.
        #expect(try !isDone(second, afterSteps: 200))
        #expect(try isDone(first, afterSteps: 200))
        #expect(try isDone(second, afterSteps: 2))
        #expect(generation.items?.groups.count == 1)
    }

    @Test func aBuildingThatIsGivenUpIsTakenOver() throws {
        let generation = try generation()
        let second = try planner(generation)
        do {
            let first = try planner(generation)
            #expect(try !isDone(first, afterSteps: 1))
            #expect(try !isDone(second, afterSteps: 200))
        }
        #expect(try isDone(second, afterSteps: 200))
    }

    /// Of which values are equal nobody knows, there are no groups.
    @Test func columnsOfUnknownStorageAreRefused() throws {
        let brand = CatalogColumn(
            name: "brand", values: .reals([1, 2]), present: Bitmap(count: 2, repeating: true),
            declaration: ColumnDeclaration(.real), storage: .unknown("it has integers that no real equals"))
        let generation = try Generation.sample(
            items: [[1], [2]], metric: .dot,
            itemCatalog: CatalogColumns(columns: [brand], idsWithoutVector: 0, rowsWithoutEntry: 0))
        for _ in 0..<2 {
            let failure = RequestFailure.invalidArgument(
                .filter(
                    FilterFailure(
                        .incomparableCap("brand", because: "it has integers that no real equals"), at: 0),
                    text: ""))
            let planner = try planner(generation)
            #expect(throws: failure) { try planner.step(idCount: 64) }
        }
    }

    /// A table of values has a group for each value, however it is stored.
    @Test func equalNumbersOfATableAreOneGroup() throws {
        // 1, 1.0 and 'a'; the first row has both numbers.
        let tags = CatalogSet(
            name: "tags", affinity: .blob, offsets: [0, 2, 3, 4], codes: [0, 1, 1, 2],
            values: SetValues(integers: [1], reals: [1], texts: TextList(["a"])), nullRows: nil,
            groups: CatalogSet.Groups(offsets: [0, 1, 2, 3], codes: [0, 0, 2]), entriesWithoutRow: 0)
        let generation = try Generation.sample(
            items: [[1], [2], [3]], metric: .dot,
            itemCatalog: CatalogColumns(
                columns: [], idsWithoutVector: 0, rowsWithoutEntry: 0, sets: [tags]))
        let planner = try planner(generation, column: "tags")
        #expect(try isDone(planner, afterSteps: 20))
        let groups = try #require(generation.items?.groups.peek("tags"))
        let rows = (0..<3).map { Array(groups.groups(ofRow: UInt32($0))) }
        #expect(rows[0] == rows[1] && rows[0].count == 1 && rows[2] != rows[0])
    }

    @Test func anUnknownColumnIsNobodysClaim() throws {
        let generation = try generation()
        for _ in 0..<2 {
            let planner = try planner(generation, column: "colour")
            let failure = RequestFailure.invalidArgument(
                .unknownColumn("colour", .items, known: ["brand"]))
            #expect(throws: failure) { try planner.step(idCount: 64) }
        }
    }

    /// Rows are grouped, room is made, values are counted and rows are listed, each in steps.
    @Test func everyPassIsInSteps() throws {
        let planner = try planner(generation())
        var stepCount = 0
        while try !isDone(planner, afterSteps: 1) { stepCount += 1 }
        // A step of 64 look-ups takes 512 rows.
        #expect(stepCount >= 4 * Self.rowCount / 512)
    }

    /// What a building takes is in the cost until the groups are there.
    @Test func buildingIsInTheCost() throws {
        let generation = try generation()
        let before = try planner(generation).cost
        #expect(try isDone(planner(generation), afterSteps: 200))
        let after = try planner(generation).cost
        #expect(before.lookups > after.lookups)
        // Numbers of values, groups of rows and rows of groups.
        #expect(before.byteCount - after.byteCount > 24 * Self.rowCount)
    }
}
