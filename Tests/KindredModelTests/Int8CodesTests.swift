import KindredDomain
import KindredKernels
import KindredModel
import TestSupport
import Testing

@Suite struct Int8CodesTests {
    private func table(_ rows: [[Float]]) throws -> VectorTable {
        try VectorTable(
            side: .items, ids: IDTable(ids: .numbers(rows.indices.map { UInt64($0) })),
            dimension: rows[0].count, elements: rows.flatMap { $0 })
    }

    @Test func rowsDescendByNormAndBlocksAreTheirs() throws {
        var generator = SeededGenerator.announced()
        let counts = [1, 2, 15, 16, 17, 31, 32, 33, isOptimised ? 20_000 : 700]
        for shape in VectorShape.allCases {
            for count in counts {
                let dimension = Int.random(in: 1...40, using: &generator)
                let table = try table(shape.rows(count: count, dimension: dimension, using: &generator))
                let codes = try Int8Codes(building: table)
                try check(codes, table, "\(shape), \(count) rows of \(dimension)")
                try Int8Codes.check(codes, against: table)
            }
        }
    }

    private func check(_ codes: Int8Codes, _ table: VectorTable, _ what: String) throws {
        defer { withExtendedLifetime((codes, table)) {} }
        let norms = (0..<table.count).map { table.norms[$0] }
        let order = norms.indices.sorted { norms[$0] > norms[$1] || (norms[$0] == norms[$1] && $0 < $1) }
        #expect((0..<table.count).map { Int(codes.rows[$0]) } == order, "\(what)")
        #expect(order.enumerated().allSatisfy { Int(codes.positions[$1]) == $0 }, "\(what)")
        #expect(codes.rowCount == table.count && codes.view.row_count == table.count, "\(what)")
        #expect(codes.groups == (table.dimension + 3) / 4 && codes.view.groups == codes.groups, "\(what)")
        #expect(codes.blockCount == (table.count + 15) / 16, "\(what)")
        var last = Float.infinity
        for block in 0..<codes.blockCount {
            let rows = order[block * 16..<min(table.count, block * 16 + 16)]
            let pointers = rows.map { Optional(table.vector(ofRow: UInt32($0))) }
            var wanted = [UInt8](repeating: 0, count: codes.groups * 64)
            let bounds = CodeEncoder.encode(
                rows: pointers, norms: rows.map { norms[$0] }, rowCount: rows.count,
                dimension: table.dimension, into: &wanted)
            let found = UnsafeBufferPointer(
                start: codes.view.codes + block * wanted.count, count: wanted.count)
            #expect(found.elementsEqual(wanted), "\(what), block \(block)")
            #expect(codes.view.blocks[block].error == bounds.error, "\(what), block \(block)")
            #expect(bounds.norm_max <= last, "\(what), block \(block)")
            last = bounds.norm_max
        }
    }

    @Test func equalNormsKeepTheOrderOfRows() throws {
        let rows: [[Float]] = (0..<100).map { [$0 % 3 == 0 ? 2 : -1, 0] }
        let codes = try Int8Codes(building: table(rows))
        let wanted = (0..<100).filter { $0 % 3 == 0 } + (0..<100).filter { $0 % 3 != 0 }
        #expect((0..<100).map { Int(codes.rows[$0]) } == wanted)
        withExtendedLifetime(codes) {}
    }

    @Test func greatestAndLeastNorms() throws {
        let rows: [[Float]] = [[0, 0], [0, 0x1p60], [.leastNonzeroMagnitude, 0], [0, -0.0]]
        let codes = try Int8Codes(building: table(rows))
        #expect((0..<4).map { codes.rows[$0] } == [1, 2, 0, 3])
        #expect(codes.view.blocks[0].norm_max >= 0x1p60 && codes.view.blocks[0].norm_min == 0)
        withExtendedLifetime(codes) {}
    }
}
