import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem
import ModelTestSupport
import TestSupport
import Testing

/// Whatever reads a table's or a code table's memory keeps it, though the table itself is gone.
@Suite struct ColumnLifetimeTests {
    private static let rowCount = 10_000
    private static let dimension = 8

    /// A table whose vectors and norms come from `spare`, which gets them back when nothing can read them any more.
    private func table(from spare: SpareMemory) throws -> VectorTable {
        var generator = SeededGenerator(seed: 18)
        let count = Self.rowCount * Self.dimension
        let vectors = try MemoryRegion(uninitialised: count * MemoryLayout<Float>.stride, from: spare)
        vectors.withMutableElements(of: Float.self) { elements in
            for index in elements.indices { elements[index] = Float.random(in: -1...1, using: &generator) }
        }
        return try VectorTable(
            side: .items, ids: IDTable(ids: .numbers((0..<UInt64(Self.rowCount)).map { $0 })),
            dimension: Self.dimension, vectors: RegionColumn(vectors), metric: .dot, file: "items")
    }

    @Test func codeBuilderOutlivesItsTable() throws {
        let spare = SpareMemory()
        var table: VectorTable? = try table(from: spare)
        let wanted = try Int8Codes(building: table!)
        var builders: [CodeBuilder]? = [
            try CodeBuilder(table!, file: "items.codes"), CodeBuilder(table!, inOrderOf: wanted),
        ]
        table = nil
        #expect(spare.byteCount == 0, "the builders still read the vectors")
        for builder in builders ?? [] {
            var codes = [UInt8](
                repeating: 0,
                count: builder.blockCount * CodeEncoder.blockByteCount(dimension: Self.dimension))
            var blocks = [CodeBlock](repeating: CodeBlock(), count: builder.blockCount)
            codes.withUnsafeMutableBufferPointer { codes in
                blocks.withUnsafeMutableBufferPointer { blocks in
                    builder.encode(0..<builder.blockCount, codes: codes, blocks: blocks)
                }
            }
            #expect(wanted.codeColumn.withElements { $0.elementsEqual(codes) })
            #expect(
                builder.rows.withElements { rows in
                    wanted.rowColumn.withElements { rows.elementsEqual($0) }
                })
        }
        builders = nil
        #expect(spare.byteCount > 0)
    }

    @Test func columnsOutliveTheirTable() throws {
        let spare = SpareMemory()
        var table: VectorTable? = try table(from: spare)
        var vectors: RegionColumn<Float>? = table!.vectorColumn
        let norms = table!.normColumn
        table = nil
        #expect(spare.byteCount == 0)
        for row in 0..<Self.rowCount {
            let norm = vectors!.withElements {
                Canonical.norm($0.baseAddress! + row * Self.dimension, count: Self.dimension)
            }
            guard norm == norms[row] else {
                Issue.record("row \(row): norm \(norms[row]) instead of \(norm)")
                return
            }
        }
        vectors = nil
        #expect(spare.byteCount > 0)
    }
}
