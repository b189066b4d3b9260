import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Values are compared, added, converted and matched as SQLite does it.
@Suite struct ValuePropertyTests {
    private static let count = isOptimised ? 20_000 : 3_000
    private let oracle: SQLiteOracle

    init() throws { oracle = try SQLiteOracle(columns: []) }

    private func value(_ expression: String, _ values: AttributeValue...) throws -> AttributeValue {
        let parameters = zip(["a", "b", "c"], values).map { FilterParameter($0, $1) }
        return try oracle.value(of: expression, parameters)
    }

    /// Equal, and of the same type and bits.
    private func isSame(_ one: AttributeValue, _ other: AttributeValue) -> Bool {
        if case .real(let one) = one, case .real(let other) = other {
            return one.bitPattern == other.bitPattern
        }
        return one == other
    }

    @Test func arithmetic() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<Self.count {
            let a = RandomValues.any(&generator)
            let b = RandomValues.any(&generator)
            for (found, expression) in [
                (a.adding(b), ":a + :b"), (a.subtracting(b), ":a - :b"), (a.multiplied(by: b), ":a * :b"),
            ] {
                let expected = try value(expression, a, b)
                #expect(isSame(found, expected), "\(expression): \(a), \(b): \(found), SQLite \(expected)")
            }
            let negated = try value("-:a", a)
            #expect(isSame(a.negated, negated), "\(a)")
        }
    }

    @Test func truthAndText() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<Self.count {
            let a = RandomValues.any(&generator)
            #expect(try AttributeValue(truth: a.truth) == value("NOT NOT :a", a), "\(a)")
            #expect(try a.textValue.map { .text($0) } ?? .null == value("CAST(:a AS TEXT)", a), "\(a)")
        }
    }

    @Test func comparisons() throws {
        var generator = SeededGenerator.announced()
        let types: [(Affinity?, String)] = [
            (nil, ":a"), (.text, "CAST(:a AS TEXT)"), (.numeric, "CAST(:a AS NUMERIC)"),
        ]
        for _ in 0..<Self.count {
            let a = RandomValues.any(&generator)
            let b = RandomValues.any(&generator)
            for (affinity, expression) in types {
                // CAST has an affinity, as a column has. It converts a first, so that only b remains to be converted.
                let cast = try value(expression, a)
                let order = AttributeValue.order(
                    cast, b, affinity: Affinity.ofComparison(affinity, nil))
                let expected = try value("(\(expression) > :b) - (\(expression) < :b)", a, b)
                #expect(
                    order.map { .integer(Int64($0.signum())) } ?? .null == expected,
                    "\(expression): \(a), \(b): \(order as Any), SQLite \(expected)")
            }
        }
    }

    @Test func integersAndRealsExactly() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<Self.count {
            let integer = RandomValues.integer(&generator)
            let near = Double(integer)
            for real in [near, near.nextUp, near.nextDown, near + 0.5, RandomValues.real(&generator)] {
                let expected = try value("(:a > :b) - (:a < :b)", .integer(integer), .real(real))
                #expect(
                    .integer(Int64(AttributeValue.order(integer, real))) == expected, "\(integer), \(real)")
            }
        }
        #expect(AttributeValue.order((1 << 53) + 1, 0x1p53) == 1)
        #expect(AttributeValue.order(.max, 0x1p63) == -1)
        #expect(AttributeValue.order(.min, -0x1p63) == 0)
        #expect(AttributeValue.order(.max, .infinity) == -1)
        #expect(AttributeValue.order(.min, -.infinity) == 1)
        #expect(AttributeValue.order(0, -0.0) == 0)
    }

    @Test func affinitiesOfDeclaredTypes() throws {
        for (type, affinity): (String, ColumnDeclaration.Affinity) in [
            ("", .blob), ("BLOB", .blob), ("INT", .integer), ("TINYINT", .integer),
            ("UNSIGNED BIG INT", .integer),
            ("CHARACTER(20)", .text), ("NVARCHAR(100)", .text), ("CLOB", .text), ("text", .text),
            ("REAL", .real),
            ("DOUBLE PRECISION", .real), ("FLOAT", .real), ("NUMERIC", .numeric), ("DECIMAL(10,5)", .numeric),
            ("BOOLEAN", .numeric), ("DATE", .numeric), ("STRING", .numeric), ("FLOATING POINT", .integer),
            ("CHARINT", .integer), ("BLOBTEXT", .text), ("TEXTBLOB", .text), ("REALBLOB", .blob),
            ("BLOBREAL", .blob), ("Größe", .numeric), ("REAL TEXT", .text), ("DOUBLOB", .blob),
        ] {
            let declaration = ColumnDeclaration(type: type, isStrict: false, collation: "BINARY")
            #expect(declaration.affinity == affinity, "\(type)")
            // What SQLite stores tells the affinities apart, but for INTEGER and NUMERIC.
            let table = try SQLiteOracle(columns: ["c \(type)"])
            try table.insert(id: 1, [.text(Array("1.0".utf8))])
            try table.insert(id: 2, [.integer(1)])
            let stored = try [table.stored("c", id: 1), table.stored("c", id: 2)]
            let text = AttributeValue.text(Array("1.0".utf8))
            let wanted: [AttributeValue] =
                switch affinity {
                case .blob: [text, .integer(1)]
                case .text: [text, .text(Array("1".utf8))]
                case .numeric, .integer: [.integer(1), .integer(1)]
                case .real: [.real(1), .real(1)]
                }
            #expect(stored == wanted, "\(type)")
        }
    }

    @Test func conversionsFromManyThreadsAtOnce() async {
        let areRight = await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<500).allSatisfy { index in
                        let real = Double(task * 500 + index) + 0.5
                        let text = AttributeValue.text(Array("\(real)".utf8))
                        return text.converted(to: .numeric) == .real(real)
                            && AttributeValue.real(real).converted(to: .text) == text
                    }
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(areRight)
    }
}
