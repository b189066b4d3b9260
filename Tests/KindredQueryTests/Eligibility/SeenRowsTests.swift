import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Seen lists and their indexes against sets.
@Suite struct SeenRowsTests {
    /// Sides on which the index has a bit for each row, and sides on which it has slots.
    @Test(arguments: [1, 31, 32, 33, 400, 5_000, 300_000])
    func lookUps(itemCount: Int) throws {
        var generator = SeededGenerator.announced()
        var lists: [[UInt32]] = [[], [0], [UInt32(itemCount - 1)]]
        for count in [1, 2, 3, 7, 8, 9, 500, 10_000] {
            let rows = (0..<count).map { _ in UInt32.random(in: 0..<UInt32(itemCount), using: &generator) }
            lists.append(Set(rows).sorted())
        }
        // Rows that stand side by side, and rows that are far apart in equal steps.
        lists.append((0..<UInt32(min(itemCount, 700))).map { $0 })
        lists.append(stride(from: 0, to: UInt32(itemCount), by: 1_024).map { $0 })
        let pairs = try SeenPairs(lists: lists, itemCount: itemCount)
        let codes = try Self.codes(itemCount, using: &generator)
        for (user, list) in lists.enumerated() {
            let rows = SeenRows(pairs, ofUsers: .one(UInt32(user)), codes: codes)
            #expect(rows.count == list.count && Self.rows(of: rows) == list)
            let known = Set(list)
            var asked = list
            asked += (0..<1_000).map { _ in UInt32.random(in: 0..<UInt32(itemCount), using: &generator) }
            asked += list.flatMap { [$0 == 0 ? 0 : $0 - 1, min($0 + 1, UInt32(itemCount - 1))] }
            #expect(asked.allSatisfy { rows.contains($0) == known.contains($0) }, "\(list.count) rows")
            #expect(asked.allSatisfy { rows.look.contains($0) == known.contains($0) })
            #expect(asked.allSatisfy { pairs.list(ofUser: UInt32(user)).contains($0) == known.contains($0) })
            for range in [0..<itemCount, 0..<min(itemCount, 1_024), 32..<itemCount + 40] {
                var found: [Int] = []
                guard rows.forEachPosition(in: range, { found.append($0) }) else { continue }
                let positions = Set(list.map { Int(codes.positions[Int($0)]) })
                #expect(
                    found == positions.filter { range.contains($0) }.sorted(), "\(list.count) rows, \(range)")
            }
        }
    }

    private static func rows(of seen: SeenRows) -> [UInt32] {
        var rows: [UInt32] = []
        seen.forEach { rows.append($0) }
        return rows.sorted()
    }

    /// The users of a blend have seen what any of them has seen.
    @Test(arguments: [1, 33, 400, 300_000])
    func severalUsers(itemCount: Int) throws {
        var generator = SeededGenerator.announced()
        let lists = [0, 1, 5, 300].map { count in
            Set((0..<count).map { _ in UInt32.random(in: 0..<UInt32(itemCount), using: &generator) }).sorted()
        }
        let pairs = try SeenPairs(lists: lists, itemCount: itemCount)
        let codes = try Self.codes(itemCount, using: &generator)
        for users in [[], [0, 0], [1, 2], [3, 2, 1, 0], [2, 2, 3]] as [[UInt32]] {
            let wanted = Set(users.flatMap { lists[Int($0)] })
            let seen = SeenRows(pairs, ofUsers: RowList(users), codes: codes)
            #expect(Self.rows(of: seen) == wanted.sorted() && seen.count == wanted.count)
            for row in lists.joined() { #expect(seen.contains(row) == wanted.contains(row)) }
        }
    }

    /// Codes of vectors of one element, whose order differs from that of the rows.
    private static func codes(_ count: Int, using generator: inout SeededGenerator) throws -> Int8Codes {
        let elements = (0..<count).map { _ in Float.random(in: 1...2, using: &generator) }
        return try Int8Codes(
            building: VectorTable(
                side: .items, ids: IDTable(ids: .numbers((0..<UInt64(count)).map { $0 })), dimension: 1,
                elements: elements))
    }

    /// The index holds the pairs that its list lies in.
    @Test func theListOutlivesItsGeneration() throws {
        var generator = SeededGenerator.announced()
        let codes = try Self.codes(10, using: &generator)
        func make() throws -> SeenRows {
            SeenRows(try SeenPairs(lists: [[1, 5, 9]], itemCount: 10), ofUsers: .one(0), codes: codes)
        }
        let rows = try make()
        #expect(Self.rows(of: rows) == [1, 5, 9] && rows.contains(5) && !rows.contains(4))
    }

    @Test func listsThatAreOutOfOrder() throws {
        for lists in [[[3, 3]], [[4, 3]], [[1], [10]], [[9, 10]]] as [[[UInt32]]] {
            #expect(throws: (any Error).self) { try SeenPairs(lists: lists, itemCount: 10) }
        }
    }
}
