import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// More rows than a block has: each block is judged as its rows are one by one, in steps of any size.
@Suite struct FilterBlockTests {
    /// A row as the evaluator of single rows asks for it.
    private struct Row: FilterRow {
        let table: [String: (declaration: ColumnDeclaration, values: [AttributeValue])]
        let tags: [[AttributeValue]]
        let index: Int
        let seedIndex: Int

        func value(of column: FilterExpression.ColumnName) -> TypedValue {
            guard let (declaration, values) = table[column.name.lowercased()] else {
                return TypedValue(.null)
            }
            let affinity: Affinity =
                switch declaration.affinity {
                case .blob: .blob
                case .text: .text
                case .numeric: .numeric
                case .integer: .integer
                case .real: .real
                }
            return TypedValue(values[column.scope == .row ? index : seedIndex], affinity)
        }

        func values(of set: FilterExpression.SetName) -> (values: [AttributeValue], affinity: Affinity?) {
            (tags[index], .text)
        }
    }

    private static let rowCount = 4_096 * 2 + 70

    @Test func manyRows() throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        func values(_ value: (inout SeededGenerator) -> AttributeValue) -> [AttributeValue] {
            (0..<Self.rowCount).map { _ in
                Int.random(in: 0..<8, using: &generator) == 0 ? .null : value(&generator)
            }
        }
        let stored: [String: (declaration: ColumnDeclaration, values: [AttributeValue])] = [
            "c0": (ColumnDeclaration(.integer), values { EdgeValue.integer(&$0) }),
            "c1": (ColumnDeclaration(.real), values { EdgeValue.real(&$0, infinite: true) }),
            "c2": (ColumnDeclaration(.text), values { EdgeValue.text(&$0) }),
            "c3": (ColumnDeclaration(.blob), values { EdgeValue.text(&$0) }),
            "id": (ColumnDeclaration(.integer), (0..<Self.rowCount).map { .integer(Int64($0) * 3) }),
        ]
        let texts = TextList(["gift", "mug", "5", ""] + (0..<36).map { "tag \($0)" })
        var offsets: [UInt32] = [0]
        var codes: [UInt32] = []
        for row in 0..<Self.rowCount {
            // The first rows have many values each, the last ones few or none.
            let share = row < 4_000 ? 3 : 60
            for code in 0..<UInt32(texts.count) where Int.random(in: 0..<share, using: &generator) == 0 {
                codes.append(code)
            }
            offsets.append(UInt32(codes.count))
        }
        let set = CatalogSet(
            name: "tags", affinity: .text, offsets: offsets, codes: codes, values: SetValues(texts: texts),
            nullRows: nil, entriesWithoutRow: 0)
        let columns = ["c0", "c1", "c2", "c3"]
        let table = FilterTable(
            rowCount: Self.rowCount,
            catalog: CatalogColumns(
                columns: columns.map {
                    DirectColumns.column($0, stored[$0]!.declaration, stored[$0]!.values)
                },
                idsWithoutVector: 0, rowsWithoutEntry: 0, sets: [set]),
            ids: IDList.numbers((0..<UInt64(Self.rowCount)).map { $0 * 3 }))
        let tags = (0..<Self.rowCount).map { set.codes(ofRow: $0).map { code in set.values[Int(code)] } }
        for _ in 0..<(isOptimised ? 200 : 20) {
            var random = RandomExpression(columns: columns, sets: ["tags"], hasSeed: true)
            let expression = random.condition(Int.random(in: 0...3, using: &generator), &generator)
            let seedRow = Int.random(in: 0..<Self.rowCount, using: &generator)
            let found: Bitmap
            do throws(FilterFailure) {
                var program = try FilterProgram(
                    expression, parameters: random.parameters, over: table,
                    seed: FilterSeed(table, row: UInt32(seedRow)))
                let rowCount = [100, 10_000, .max].randomElement(using: &generator)!
                while !program.step(rowCount: rowCount) {}
                found = program.rows
            } catch {
                guard case .unsupported = error.reason else {
                    Issue.record("seed \(seed): \(error)")
                    continue
                }
                continue
            }
            let evaluator = ExpressionEvaluator(random.parameters)
            let wrong = try (0..<Self.rowCount).first { index in
                let row = Row(table: stored, tags: tags, index: index, seedIndex: seedRow)
                return try (evaluator.truth(of: expression, row: row) == true) != found[index]
            }
            #expect(wrong == nil, "seed \(seed): \(FilterSQL().text(expression)) \(random.parameters)")
        }
    }

    /// A step does a bounded part of the work, whatever the filter is.
    @Test func stepsAreBounded() throws {
        let table = FilterTable(
            rowCount: 10_000,
            catalog: CatalogColumns(
                columns: [
                    DirectColumns.column(
                        "n", ColumnDeclaration(.integer), (0..<10_000).map { .integer(Int64($0)) })
                ], idsWithoutVector: 0, rowsWithoutEntry: 0),
            ids: IDList.numbers(Array(0..<10_000)))
        let column = FilterExpression.column(.init(.row, "n", at: 0))
        func stepCount(_ expression: FilterExpression, rowCount: Int) throws -> Int {
            var program = try FilterProgram(expression, over: table)
            var count = 1
            while !program.step(rowCount: rowCount) { count += 1 }
            return count
        }
        let comparison = FilterExpression.comparison(.less, column, .literal(.integer(5)))
        #expect(try stepCount(comparison, rowCount: 1_000_000) == 1)
        #expect(try stepCount(comparison, rowCount: 1_024) == 10)
        // At least 64 rows a step.
        #expect(try stepCount(comparison, rowCount: 1) == 157)
        let chain = (0..<9).reduce(comparison) { chain, _ in .or(chain, comparison) }
        #expect(try stepCount(chain, rowCount: 10_240) == 10)
        // Row by row, a row counts as many comparisons.
        let byRow = FilterExpression.comparison(.less, .arithmetic(.times, column, column), column)
        #expect(try stepCount(byRow, rowCount: 100_000) > 5)
        #expect(try stepCount(byRow, rowCount: .max) == 1)
    }
}
