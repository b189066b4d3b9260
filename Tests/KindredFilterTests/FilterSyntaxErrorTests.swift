import KindredDomain
import KindredFilter
import Testing

/// What a refused text is told: what was found, what would be right, and where.
@Suite struct FilterSyntaxErrorTests {
    private func failure(_ text: String) -> FilterFailure? {
        do {
            _ = try FilterParser.parse(Filter(text))
            return nil
        } catch {
            return error
        }
    }

    /// SQLite refuses the same texts.
    @Test func eachTokenThatIsMissingOrWrong() throws {
        let oracle = try SQLiteOracle(columns: ["a", "b", "median_price"])
        for (text, message) in [
            ("", "the filter is empty: expected a condition, such as price < 5, or no filter"),
            (" /* a */ -- b", "the filter is empty: expected a condition"),
            ("median_price <", "expected a value after \"<\", found end of text: median_price <"),
            ("a = AND b", "expected a value after \"=\""),
            ("= 5", "expected a value, found \"=\" at byte 0: = 5"),
            ("a = 5 AND", "expected a value after \"AND\", found end of text"),
            ("a b", "expected an operator or the end, found \"b\" at byte 2: a b"),
            ("a 5", "expected an operator or the end, found \"5\""),
            ("a = 5)", "expected an operator or the end, found \")\""),
            ("(a = 5", "expected \")\" or an operator, found end of text: (a = 5"),
            ("()", "expected a value after \"(\", found \")\""), ("NOT", "expected a value after \"NOT\""),
            ("a NOT", "expected IN, BETWEEN, LIKE, GLOB or NULL after \"NOT\", found end of text"),
            ("a NOT = 5", "expected IN, BETWEEN, LIKE, GLOB or NULL after \"NOT\", found \"=\""),
            ("a IN", "expected \"(\" or a table of values after \"IN\", found end of text"),
            ("a IN 5", "expected \"(\" or a table of values after \"IN\", found \"5\""),
            ("a IN :list", "expected a list such as (:a, :b) after \"IN\", found \":list\" at byte 5"),
            ("a IN (1", "expected \",\" or \")\", found end of text"),
            ("a IN (1,)", "expected a value after \",\", found \")\""),
            ("a IN (1 2)", "expected \",\" or \")\", found \"2\""),
            ("a BETWEEN 1", "expected AND and the greatest value of BETWEEN, found end of text"),
            ("a BETWEEN 1 OR 2 AND 3", "expected AND and the greatest value of BETWEEN, found end of text"),
            ("a BETWEEN 1 AND", "expected a value after \"AND\", found end of text"),
            ("a IS", "expected a value after \"IS\""), ("a LIKE", "expected a value after \"LIKE\""),
            ("a LIKE 'x' ESCAPE", "expected a value after \"ESCAPE\""),
            ("a ESCAPE 'x'", "expected an operator or the end, found \"ESCAPE\""),
            ("a + * b", "expected a value after \"+\", found \"*\""),
            ("a ! b", "expected \"!=\" or NOT, found \"!\""),
            ("a = 'x", "expected ' at the end of the text, found \"'x\" at byte 4"),
            ("\"a = 5", "expected \" at the end of the name"),
            ("[a = 5", "expected ] at the end of the name"),
            ("a = 12x", "expected a number, and a space or an operator after it, found \"12x\""),
            ("a = 0x1FFFFFFFFFFFFFFFF", "expected at most 16 digits after 0x"),
            ("a = -0x8000000000000000", "expected an integer of 64 bits"),
            ("a = :", "expected :name of ASCII letters, digits and _, found \":\""),
            ("a = x'0'", "expected an even number of hexadecimal digits"),
            (
                "a = order",
                "expected a value after \"=\" (in quotes, order is a column's name), found \"order\""
            ),
            ("seed.", "expected a column's name after \".\", found end of text"),
            ("seed.5 = 1", "expected an operator or the end, found \".5\""),
            ("a = 5; DROP TABLE rows", "expected an operator or the end, found \";\" at byte 5"),
            ("a = ^", "expected a value after \"=\", found \"^\""), ("a . b . = 1", ""),
            (
                "a = \u{1F381}\u{1F381} b",
                "expected an operator or the end, found \"b\" at byte 13: a = \u{1F381}\u{1F381} b"
            ),
        ] {
            guard let failure = failure(text) else {
                Issue.record("accepted: \(text)")
                continue
            }
            switch failure.reason {
            case .syntax, .empty:
                #expect(
                    failure.description(in: text).hasPrefix(message),
                    "\(text): \(failure.description(in: text))")
            default: #expect(message.isEmpty, "\(text): \(failure)")
            }
            let isHexadecimal = text.contains("0x")
            let refusal = oracle.grammarRefusal(ofText: text, isWhole: true)
            #expect((refusal == nil) == isHexadecimal, "SQLite accepts \(text)")
            if isHexadecimal {
                #expect(throws: SQLiteOracle.Refusal.self) { try oracle.ids(where: Filter(text)) }
            }
        }
    }

    @Test func whatSQLiteHasIsNamed() {
        for (text, name) in [
            ("a || b", "\"||\""), ("a / b", "\"/\""), ("a % b", "\"%\""), ("a & b", "\"&\""),
            ("a | b", "\"|\""),
            ("a << 1", "\"<<\""), ("a >> 1", "\">>\""), ("~a", "\"~\""), ("a -> b", "\"->\""),
            ("a ->> b", "\"->>\""),
            ("CASE a WHEN 1 THEN 2 END", "CASE"), ("cast(a AS TEXT)", "CAST"),
            ("lower(a) = 'x'", "functions, such as lower()"),
            ("like(a, b)", "functions, such as like()"), ("a COLLATE nocase = 'x'", "COLLATE"),
            ("EXISTS (SELECT 1)", "EXISTS"), ("NOT EXISTS (SELECT 1)", "EXISTS"), ("(SELECT 1)", "SELECT"),
            ("a IN (SELECT 1)", "SELECT"), ("a IN (VALUES (1))", "VALUES"),
            ("(WITH x AS (SELECT 1) SELECT 1)", "WITH"),
            ("a MATCH b", "MATCH"), ("a REGEXP b", "REGEXP"), ("a NOT REGEXP b", "REGEXP"),
            ("a = ?", "parameter \"?\""), ("a = ?12", "parameter \"?12\""),
            ("a = @x", "parameter \"@x\""),
            ("a = $x", "parameter \"$x\""), ("a = :1", "parameter \":1\""),
            ("a = :ä", "parameter \":ä\""),
            ("a = :x::y", "parameter \":x::y\""), ("a = :::x", "parameter \":::x\""),
            ("a = $::x", "parameter \"$::x\""), ("a = :x(y)", "parameter \":x\""),
            ("a = x'00ff'", "blobs"),
            ("(a, b) = (1, 2)", "lists of values in parentheses outside IN"),
            ("a = 1_000", "_ in numbers, such as \"1_000\""),
            ("items.a = 1", "names of tables"), ("a.b.c = 1", "names of tables"),
            ("seed.a.b = 1", "names of tables"),
            ("'seed'.a = 1", "names in single quotes"), ("seed.'a' = 1", "names in single quotes"),
            ("1 IN 'tags'", "text after IN"), ("1 IN main.tags", "names of schemas after IN"),
            ("1 IN Seed.tags", "seed. after IN"),
            ("1 IN tags(2)", "functions, such as tags()"), ("a IS DISTINCT FROM b", "IS [NOT] DISTINCT FROM"),
            ("a IS NOT DISTINCT FROM b", "IS [NOT] DISTINCT FROM"), ("a < current_date", "CURRENT_DATE"),
            ("a GLOB 'x' ESCAPE 'y'", "ESCAPE after GLOB"), ("RAISE(IGNORE)", "RAISE"),
            ("a = 'x\0y'", "NUL characters"), ("a = 1\0", "NUL characters"),
            ("a = 1 -- \0", "NUL characters"),
        ] {
            guard case .unsupported(let found, _) = failure(text)?.reason else {
                Issue.record("\(text): \(failure(text) as Any)")
                continue
            }
            #expect(found == name, "\(text)")
        }
    }

    @Test func aPatternThatSQLiteRefusesIsRefusedAtOnce() {
        #expect(
            failure("a LIKE 'b' ESCAPE 'cc'")?.reason
                == .syntax(found: "\"cc\"", wanted: "one character after ESCAPE"))
        #expect(failure("a LIKE b ESCAPE ''") != nil)
        #expect(failure("a LIKE b ESCAPE NULL") == nil)
        #expect(failure("a LIKE NULL ESCAPE 5") == nil)
        let long = FilterParameter("p", .text([UInt8](repeating: 0x61, count: Limits.patternBytesMax + 1)))
        #expect(throws: FilterFailure.self) {
            try FilterParser.parse(Filter("a GLOB :p", parameters: [long]))
        }
    }

    @Test func textsAreOnlyTexts() throws {
        let oracle = try SQLiteOracle(columns: ["a"])
        for text in ["it's", "\"", ";", "--", "/*", "*/", "' OR 1=1 --", "\u{1F381}", "%", "\\", "a\nb"] {
            try oracle.execute("DELETE FROM rows")
            try oracle.insert(id: 1, [.text(Array(text.utf8))])
            try oracle.insert(id: 2, [.text(Array((text + "x").utf8))])
            let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            let literal = AttributeValue.text(Array(text.utf8))
            let parsed = try FilterParser.parse(Filter("a = '\(quoted)'"))
            guard case .comparison(.equal, _, .literal(let value)) = parsed else {
                Issue.record("\(text)")
                continue
            }
            #expect(value == literal)
            #expect(try oracle.ids(where: Filter("a = '\(quoted)'")) == [1])
        }
    }
}
