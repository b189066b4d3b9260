import KindredDomain
import KindredQuery
import Testing

/// When two tables count as alike, and which generation answers a request.
@Suite struct GenerationTableTests {
    private static let name = ModelName("sample")!

    private static func generation(_ rows: [[Float]] = [[1], [2]]) throws -> Generation {
        try Generation.sample(items: rows, metric: .dot)
    }

    private static func table(
        _ active: Generation, _ others: [Generation] = [], name: ModelName = name,
        defaultModel: ModelName? = name
    ) -> GenerationTable {
        GenerationTable(
            models: [name: GenerationTable.Entry(active: active, others: others)], defaultModel: defaultModel)
    }

    @Test func replicasAreAlike() throws {
        let table = Self.table(try Self.generation(), [try Self.generation()])
        let replica = table.replicated(after: GenerationTable())
        #expect(table.isAlike(table) && table.isAlike(replica) && replica.isAlike(table))
        #expect(GenerationTable().isAlike(GenerationTable()))
    }

    @Test func tablesThatDifferAnywhereAreNotAlike() throws {
        let (first, second, third) = (try Self.generation(), try Self.generation(), try Self.generation())
        let table = Self.table(first, [second])
        var unlike = [
            GenerationTable(), Self.table(second, [first]), Self.table(first), Self.table(first, [third]),
            Self.table(first, [second, third]), Self.table(third, [second]),
            Self.table(first, [second], name: ModelName("other")!),
            Self.table(first, [second], defaultModel: nil),
            Self.table(first, [second], defaultModel: ModelName("other")!),
        ]
        let more = table.models.merging(
            [ModelName("other")!: GenerationTable.Entry(active: third, others: [])]
        ) { first, _ in first }
        unlike.append(GenerationTable(models: more, defaultModel: table.defaultModel))
        for (index, other) in unlike.enumerated() {
            #expect(!table.isAlike(other) && !other.isAlike(table), "\(index)")
        }
    }

    @Test func elementCountMaxIsThatOfTheLargestActiveSide() throws {
        let large = try Self.generation([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        let small = try Generation.sample(items: [[1]], users: [[1], [2]], metric: .dot)
        #expect(GenerationTable().elementCountMax == 0)
        #expect(Self.table(small, [large]).elementCountMax == 2)
        #expect(Self.table(large, [small]).elementCountMax == 9)
    }

    /// A model of the repository without a serving version is not ready, and not unknown: it may serve later.
    @Test func aModelThatServesNothingIsNotReady() throws {
        let (bare, other) = (ModelName("bare")!, ModelName("other")!)
        let ready = Self.table(try Self.generation())
        let table = GenerationTable(
            models: ready.models, defaultModel: ready.defaultModel, unready: [bare])
        for table in [table, table.replicated(after: GenerationTable())] {
            #expect(throws: RequestFailure.noModelReady) { try table.generation(model: bare, version: 0) }
            #expect(throws: RequestFailure.noModelReady) { try table.generation(model: bare, version: 7) }
            #expect {
                try table.generation(model: other, version: 0)
            } throws: { error in
                guard case .unknownModel("other", let known) = error as? RequestFailure else { return false }
                return known == ["bare", "sample"]
            }
            #expect(try table.generation(model: nil, version: 0).version == 1)
        }
    }
}
