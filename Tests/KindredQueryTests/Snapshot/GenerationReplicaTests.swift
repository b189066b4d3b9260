import KindredDomain
import KindredModel
import KindredQuery
import Synchronization
import TestSupport
import Testing

/// Replicas answer like their original, and the memory is handed over once.
@Suite struct GenerationReplicaTests {
    /// Counts the handovers of a generation's memory.
    private final class Handover: Sendable {
        let count = Atomic<Int>(0)
    }

    private func generation(version: UInt64, _ handover: Handover) throws -> Generation {
        try Generation.sample(
            items: [[1, 0], [0, 1], [1, 1]], users: [[2, 1]], metric: .dot, number: version
        ) { items, users in
            #expect(items != nil && users != nil)
            handover.count.add(1, ordering: .relaxed)
        }
    }

    @Test func aReplicaHasTheSameValuesInObjectsOfItsOwn() throws {
        let original = try generation(version: 3, Handover())
        let replica = Generation(replicaOf: original)
        #expect(replica !== original && replica.identity == original.identity)
        #expect(Generation(replicaOf: replica).identity == original.identity)
        #expect(replica.name == original.name && replica.version == 3)
        #expect(replica.metric == original.metric && replica.dimension == original.dimension)
        for side in [Side.items, .users] {
            let (own, other) = (try #require(replica.side(side)), try #require(original.side(side)))
            #expect(own !== other && own.table !== other.table && own.codes !== other.codes)
            #expect(own.table.ids !== other.table.ids)
            #expect(own.table.vectors == other.table.vectors && own.codes.rows == other.codes.rows)
            #expect(own.table.ids.ids(ofRows: [0]) == other.table.ids.ids(ofRows: [0]))
        }
    }

    @Test func aReplicaHasTheSameSeenPairs() throws {
        let original = try Generation.sample(
            items: [[1, 0], [0, 1], [1, 1]], users: [[2, 1], [1, 1]], metric: .dot, seen: [[0, 2], []])
        let replica = Generation(replicaOf: original)
        let (own, other) = (try #require(replica.seen), try #require(original.seen))
        #expect(own !== other && Array(own.list(ofUser: 0)) == [0, 2] && own.list(ofUser: 1).isEmpty)
        #expect(own.rowColumn.pointer == other.rowColumn.pointer)
    }

    @Test func aReplicaHasTheSameStatistics() throws {
        let original = try generation(version: 1, Handover())
        let replica = Generation(replicaOf: original)
        let (own, other) = (
            try #require(replica.userStatistics), try #require(original.userStatistics)
        )
        #expect(own !== other && own.mean[0] == 2 && own.sample.count == 1)
        #expect(own.products.pointer == other.products.pointer)
        #expect(try Generation.sample(items: [[1]], metric: .dot).userStatistics == nil)
    }

    /// The memory is handed over once, after the last replica has gone.
    @Test func aReplicaKeepsTheMemoryOfItsOriginal() throws {
        let handover = Handover()
        var replicas: [Generation] = []
        do {
            let original = try generation(version: 1, handover)
            replicas = (0..<3).map { _ in Generation(replicaOf: original) }
        }
        while replicas.count > 1 { replicas.removeLast() }
        #expect(handover.count.load(ordering: .relaxed) == 0)
        #expect(replicas[0].items?.table.vector(ofRow: 2)[1] == 1)
        replicas = []
        #expect(handover.count.load(ordering: .relaxed) == 1)
    }

    @Test func aTableKeepsTheReplicasThatItHas() throws {
        let name = ModelName("sample")!
        let (old, new) = (try generation(version: 1, Handover()), try generation(version: 2, Handover()))
        let first = GenerationTable(
            models: [name: .init(active: old, others: [])], defaultModel: name
        ).replicated(after: GenerationTable())
        let second = GenerationTable(
            models: [name: .init(active: new, others: [old])], defaultModel: name
        ).replicated(after: first)
        let answering = try first.generation(model: nil, version: 0)
        #expect(answering !== old && answering.identity == old.identity)
        #expect(try second.generation(model: name, version: 1) === answering)
        #expect(try second.generation(model: nil, version: 0).identity == new.identity)
    }
}
