import Glibc
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
        let norms = table.normColumn.withElements { Array($0) }
        let order = norms.indices.sorted { norms[$0] > norms[$1] || (norms[$0] == norms[$1] && $0 < $1) }
        #expect(codes.rowColumn.withElements { $0.map { Int($0) } } == order, "\(what)")
        #expect(order.enumerated().allSatisfy { Int(codes.positionColumn[$1]) == $0 }, "\(what)")
        #expect(codes.rowCount == table.count && codes.view.row_count == table.count, "\(what)")
        #expect(codes.groups == (table.dimension + 3) / 4 && codes.view.groups == codes.groups, "\(what)")
        #expect(codes.blockCount == (table.count + 15) / 16, "\(what)")
        var last = Float.infinity
        for block in 0..<codes.blockCount {
            let rows = order[block * 16..<min(table.count, block * 16 + 16)]
            var wanted = [UInt8](repeating: 0, count: codes.groups * 64)
            let bounds = table.vectorColumn.withElements { elements in
                CodeEncoder.encode(
                    rows: rows.map { Optional(elements.baseAddress! + $0 * table.dimension) },
                    norms: rows.map { norms[$0] }, rowCount: rows.count, dimension: table.dimension,
                    into: &wanted)
            }
            let bytes = block * wanted.count..<(block + 1) * wanted.count
            #expect(
                codes.codeColumn.withElements { $0[bytes].elementsEqual(wanted) }, "\(what), block \(block)")
            #expect(codes.blockColumn[block].error == bounds.error, "\(what), block \(block)")
            #expect(bounds.norm_max <= last, "\(what), block \(block)")
            last = bounds.norm_max
        }
    }

    @Test func equalNormsKeepTheOrderOfRows() throws {
        let rows: [[Float]] = (0..<100).map { [$0 % 3 == 0 ? 2 : -1, 0] }
        let codes = try Int8Codes(building: table(rows))
        let wanted = (0..<100).filter { $0 % 3 == 0 } + (0..<100).filter { $0 % 3 != 0 }
        #expect((0..<100).map { Int(codes.rowColumn[$0]) } == wanted)
    }

    /// The buffers say less than their memory has, so without the check the process ends normally.
    @Test func codesBeyondTheirRoomEndTheProcess() async {
        #if arch(x86_64)
            let trap = ExitTest.Condition.signal(SIGILL)
        #else
            let trap = ExitTest.Condition.signal(SIGTRAP)
        #endif
        await #expect(processExitsWith: trap) {
            let table = try VectorTable(
                side: .items, ids: IDTable(ids: .numbers([1])), dimension: 4, elements: [1, 2, 3, 4])
            let codes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64)
            let blocks = UnsafeMutableBufferPointer<CodeBlock>.allocate(capacity: 1)
            try CodeBuilder(table, file: "codes").encode(
                0..<1, codes: UnsafeMutableBufferPointer(rebasing: codes[..<63]), blocks: blocks)
        }
    }

    @Test func greatestAndLeastNorms() throws {
        let rows: [[Float]] = [[0, 0], [0, 0x1p60], [.leastNonzeroMagnitude, 0], [0, -0.0]]
        let codes = try Int8Codes(building: table(rows))
        #expect((0..<4).map { codes.rowColumn[$0] } == [1, 2, 0, 3])
        #expect(codes.blockColumn[0].norm_max >= 0x1p60 && codes.blockColumn[0].norm_min == 0)
    }
}
