import KindredDomain
import KindredFilter
import Testing

/// Trees of a few texts, names, and the limits at their edges.
@Suite struct FilterParserTests {
    private func parse(_ text: String, _ limits: Limits = .standard) throws(FilterFailure) -> FilterExpression
    {
        try FilterParser.parse(Filter(text), limits: limits)
    }

    private func column(_ name: String, at position: Int = 0) -> FilterExpression {
        .column(FilterExpression.ColumnName(.row, name, at: position))
    }

    private func integer(_ integer: Int64) -> FilterExpression { .literal(.integer(integer)) }

    @Test func precedence() throws {
        for (one, other) in [
            ("1 OR 2 AND 3", "1 OR (2 AND 3)"), ("NOT 1 = 2", "NOT (1 = 2)"), ("1 = 2 < 3", "1 = (2 < 3)"),
            ("1 = 2 = 3", "(1 = 2) = 3"), ("1 = NOT 2 = 3", "1 = (NOT (2 = 3))"),
            ("1 - 2 - 3", "(1 - 2) - 3"),
            ("1 + 2 * 3", "1 + (2 * 3)"), ("1 < 2 + 3", "1 < (2 + 3)"),
            ("1 IS NOT 2 = 3", "(1 IS NOT 2) = 3"),
            ("1 BETWEEN 2 AND 3 AND 4", "(1 BETWEEN 2 AND 3) AND 4"),
            ("1 BETWEEN 2 BETWEEN 3 AND 4 AND 5", "1 BETWEEN (2 BETWEEN 3 AND 4) AND 5"),
            ("1 < 2 NOT NULL", "(1 < 2) NOT NULL"), ("1 = 2 IN (3)", "(1 = 2) IN (3)"),
            ("-1 * 2", "(-1) * 2"),
            ("NOT NOT 1 IS NULL", "NOT (NOT (1 IS NULL))"), ("1 OR 2 OR 3 OR 4", "(1 OR 2) OR (3 OR 4)"),
            ("1 LIKE 2 LIKE 3", "(1 LIKE 2) LIKE 3"), ("+ - NOT 1 = 2", "+ (- (NOT (1 = 2)))"),
        ] {
            #expect(try shape(parse(one)) == shape(parse(other)), "\(one)")
        }
    }

    /// A tree without positions.
    private func shape(_ expression: FilterExpression) -> String {
        "\(expression)".replacing(/position: \d+/, with: "")
    }

    @Test func literals() throws {
        for (text, value): (String, AttributeValue) in [
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .real(0x1p63)),
            ("-9223372036854775808", .integer(.min)), ("-(9223372036854775808)", .integer(.min)),
            ("-9223372036854775809", .real(-0x1p63)), ("007", .integer(7)), ("0x1F", .integer(31)),
            ("0xffffffffffffffff", .integer(-1)), ("-0xffffffffffffffff", .integer(1)), ("1.", .real(1)),
            (".5", .real(0.5)), ("1e3", .real(1_000)), ("1e999", .real(.infinity)),
            ("-1e999", .real(-.infinity)),
            ("'it''s'", .text(Array("it's".utf8))),
            ("'a;\"--/*\u{1F381}'", .text(Array("a;\"--/*\u{1F381}".utf8))),
            ("NULL", .null), ("true", .integer(1)), ("FALSE", .integer(0)), ("''", .text([])),
        ] {
            #expect(try parse(text) == .literal(value), "\(text)")
        }
        #expect(try parse("- -9223372036854775808") == .negative(integer(.min)))
    }

    @Test func names() throws {
        for (text, name) in [
            ("price", "price"), ("\"a\"\"b\"", "a\"b"), ("[a b]", "a b"), ("`x``y`", "x`y"),
            ("größe", "größe"),
            ("a$1", "a$1"), ("\"\"", ""), ("like", "like"), ("Match", "Match"), ("end", "end"),
            ("key", "key"),
            ("desc", "desc"), ("left", "left"), ("indexed", "indexed"), ("\"select\"", "select"),
            ("\"true\"", "true"),
            ("with", "with"), ("temp", "temp"), ("rowid", "rowid"), ("seed", "seed"),
        ] {
            #expect(try parse(text) == column(name), "\(text)")
        }
        for text in ["seed.cast", "SEED . \"cast\"", "[seed].[cast]", "\"seed\".`cast`"] {
            #expect(
                try parse(text) == .column(FilterExpression.ColumnName(.seed, "cast", at: 0)), "\(text)")
        }
        for keyword in [
            "select", "order", "group", "table", "default", "values", "in", "is", "then", "to", "cast",
        ] {
            #expect(throws: FilterFailure.self, "\(keyword)") { try parse("\(keyword) = 1") }
        }
        let isColumn = { (name: String) in name.lowercased() == "true" }
        #expect(try FilterParser.parse(Filter("True"), isColumn: isColumn) == column("True"))
        #expect(try FilterParser.parse(Filter("False"), isColumn: isColumn) == integer(0))
    }

    /// The columns TRUE and FALSE, where a catalog has them, are columns in SQLite too.
    @Test func columnsCalledTrueAndFalse() throws {
        let oracle = try SQLiteOracle(columns: ["true", "a"])
        try oracle.insert(id: 1, [.integer(5), .integer(5)])
        try oracle.insert(id: 2, [.integer(1), .integer(5)])
        let row = { (id: Int64, value: Int64) in
            var row = RandomRow(id: id, seed: nil)
            row.values["true"] = TypedValue(.integer(value), .blob)
            row.values["a"] = TypedValue(.integer(5), .blob)
            return row
        }
        for text in ["a = TRUE", "a IS TRUE", "TRUE", "a IS NOT True", "a IS FALSE"] {
            let expression = try FilterParser.parse(Filter(text)) { ASCII.sameName($0, "true") }
            let passing = try [row(1, 5), row(2, 1)].filter {
                try ExpressionEvaluator().truth(of: expression, row: $0) == true
            }
            #expect(try passing.map(\.id) == oracle.ids(where: Filter(text)), "\(text)")
        }
    }

    /// Every keyword of SQLite stands as a name where SQLite lets it.
    @Test func keywordsAsNames() throws {
        let forms = [
            "# = 5", "5 < # AND 1", "(# = 5)", "seed.# = 5", "5 IN #", "5 IN (#)", "5 IN (1, #)", "-# = 5",
            "NOT #",
            "1 IS NOT #", "# IS NULL", "1 LIKE #", "1 BETWEEN # AND #", "1 #", "1 # 2", "1 = 1 #", "#",
        ]
        let oracle = try SQLiteOracle(columns: ["a"])
        let keywords = SQLiteOracle.keywords
        #expect(keywords.count > 140)
        for keyword in keywords + ["TRUE", "FALSE", "seed", "rowid"] {
            for form in forms {
                let text = form.split(separator: "#", omittingEmptySubsequences: false)
                    .joined(separator: keyword)
                switch reason(Filter(text)) {
                case .syntax?:
                    #expect(oracle.grammarRefusal(ofText: text, isWhole: true) != nil, "\(text) is refused")
                case nil:
                    #expect(oracle.grammarRefusal(ofText: text, isWhole: false) == nil, "\(text) is accepted")
                default: continue
                }
            }
        }
    }

    @Test func isTrueAsksForTheTruth() throws {
        let a = column("a")
        #expect(try parse("a IS TRUE") == .comparison(.same, .not(.not(a)), integer(1)))
        #expect(try parse("a IS NOT (false)") == .comparison(.notSame, .not(.not(a)), integer(0)))
        #expect(try parse("a = TRUE") == .comparison(.equal, a, integer(1)))
        #expect(try parse("a IS \"true\"") == .comparison(.same, a, column("true", at: 5)))
        #expect(try parse("a IS NOT NULL") == .isNull(a, isNegated: true))
    }

    @Test func setsAndSeeds() throws {
        let tags = FilterExpression.SetName("tags", at: 10)
        #expect(
            try parse("'gift' IN tags") == .inSet(.literal(.text(Array("gift".utf8))), tags, isNegated: false)
        )
        #expect(try parse("1 NOT IN \"a b\"") == .inSet(integer(1), .init("a b", at: 9), isNegated: true))
        #expect(try parse("1 IN ()") == .inList(integer(1), [], isNegated: false))
    }

    // MARK: Limits

    private func reason(_ filter: Filter, _ limits: Limits = .standard) -> FilterFailure.Reason? {
        do {
            _ = try FilterParser.parse(filter, limits: limits)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func bytes() {
        let most = Int(Limits.standard.filterBytesMax)
        let text = "a = 1" + String(repeating: " ", count: most - 5)
        #expect(reason(Filter(text)) == nil)
        #expect(reason(Filter(text + " ")) == .tooLong(bytes: most + 1, limit: most))
    }

    @Test func nodes() {
        var limits = Limits.standard
        limits.filterNodesMax = 7
        #expect(reason(Filter("a = 1 AND b = 2"), limits) == nil)
        #expect(reason(Filter("a = 1 AND b = -(-2)"), limits) == .tooManyNodes(limit: 7))
        let most = Int(Limits.standard.filterNodesMax)
        let list = { (count: Int) in
            Filter("a IN (" + Array(repeating: "1", count: count).joined(separator: ",") + ")")
        }
        #expect(reason(list(most - 2)) == nil)
        #expect(reason(list(most - 1)) == .tooManyNodes(limit: most))
    }

    @Test(arguments: ["(", "NOT ", "- ", "+", "1 + (", "a IN (", "a BETWEEN 0 AND NOT ", "a < 1 = ("])
    func depth(_ opening: String) {
        let most = Int(Limits.standard.filterDepthMax)
        let levels = ["1 + (": 2, "a BETWEEN 0 AND NOT ": 2, "a < 1 = (": 2][opening] ?? 1
        let filter = { (count: Int) in
            Filter(
                String(repeating: opening, count: count) + "a"
                    + String(repeating: opening.contains("(") ? ")" : "", count: count))
        }
        #expect(reason(filter(most / levels)) == nil)
        #expect(reason(filter(most / levels + 1)) == .tooDeep(limit: most))
        // Far beyond the limit, what follows is not even read.
        #expect(reason(Filter(String(repeating: opening, count: 700))) == .tooDeep(limit: most))
    }

    @Test func depthToTheLeft() {
        let most = Int(Limits.standard.filterDepthMax)
        for operation in [" + 1", " = 1", " IS NULL", " IN (1)", " < 1", " LIKE 'a'", " BETWEEN 1 AND 2"] {
            let filter = { (count: Int) in Filter("a" + String(repeating: operation, count: count)) }
            #expect(reason(filter(most)) == nil, "\(operation)")
            #expect(reason(filter(most + 1)) == .tooDeep(limit: most), "\(operation)")
        }
    }

    @Test(arguments: ["OR", "AND"]) func aThousandTerms(_ word: String) throws {
        let terms = (0..<1_000).map { "a = \($0)" }.joined(separator: " \(word) ")
        var limits = Limits.standard
        // 1,000 terms are a tree of ten levels, over comparisons of one.
        limits.filterDepthMax = 11
        _ = try parse(terms, limits)
        limits.filterDepthMax = 10
        #expect(reason(Filter(terms), limits) == .tooDeep(limit: 10))
    }

    @Test func boundValues() {
        let most = Int(Limits.standard.filterValuesMax)
        let filter = { (count: Int) in
            Filter(
                "a IN (" + (0..<count).map { ":p\($0)" }.joined(separator: ",") + ")",
                parameters: (0..<count).map { FilterParameter("p\($0)", .integer(1)) })
        }
        #expect(reason(filter(most)) == nil)
        #expect(reason(filter(most + 1)) == .tooManyValues(most + 1, limit: most))
        let one = FilterParameter("p", .integer(1))
        #expect(reason(Filter("a = :p OR b = :p", parameters: [one])) == nil)
        #expect(reason(Filter("a = :p", parameters: [one, one])) == .repeatedValue("p"))
        #expect(
            reason(Filter("a = :p AND b = :q", parameters: [one]))
                == .missingValue("q", bound: ["p (an integer)"]))
        #expect(
            reason(Filter("a = :p", parameters: [FilterParameter("P", .null)]))
                == .missingValue("p", bound: ["P (NULL)"]))
        let other = FilterParameter("r", .text([]))
        #expect(
            reason(Filter("a = :p", parameters: [other, one]))
                == .unusedValue("r", named: ["p"], type: "a text"))
    }
}
