import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Damaged and random texts: nothing traps, and what is accepted is what SQLite accepts and means the same.
@Suite struct FilterMutationTests {
    private static let count = max(2_000, FilterPropertyTests.filterCount / 2)

    private static let tokens = [
        "(", ")", ",", ".", "+", "-", "*", "/", "=", "==", "<", ">", "!", "!=", "<>", "<=", "|", "||", "&",
        "~", "%",
        ";", "'", "\"", "`", "[", "]", "'a'", "\"n\"", "[n]", "seed.n", "seed", "n", "t", "id", "true",
        "FALSE", "NULL",
        "AND", "OR", "NOT", "IN", "IS", "LIKE", "GLOB", "ESCAPE", "BETWEEN", "ISNULL", "NOTNULL", "MATCH",
        "REGEXP",
        "COLLATE", "nocase", "CASE", "CAST", "EXISTS", "RAISE", "SELECT", "VALUES", "WITH", "DISTINCT",
        "FROM", "ORDER",
        "BY", "LIMIT", "UNION", "GROUP", "AS", "END", "INDEXED", "LEFT", "current_date", "abs(", "x'00'",
        "x'0'",
        ":p", ":1", ":a$b", ":a::b", "::", "$::a", "?", "?1", "@a", "$a", "#1", "0x1f", "0x", "0x1g", "1e5",
        "1e", "1_000",
        "1.5.2",
        "12a", ".", ".5", "5.", "9223372036854775808", "--", "--\n", "/*", "*/", "/**/", "\0", "\u{0B}",
        "\u{FEFF}",
        "\u{A0}", "é", "\u{1F381}", "\\", "^", "{", "->", "->>", "<<", ">>", "0x8000000000000000", "IN ()",
        "()",
    ]

    @Test func damagedFiltersAreRefusedOrMeanTheSame() throws {
        var generator = SeededGenerator.announced()
        let table = try RandomTable(rowCount: 8, &generator)
        var accepted = 0
        for _ in 0..<Self.count {
            var filter = RandomFilter(&generator, hasSets: false).filter
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                filter.text = Self.damaged(filter.text, &generator)
            }
            if try check(filter, table) { accepted += 1 }
        }
        print("damaged filters that are still accepted: \(accepted) of \(Self.count)")
        #expect(accepted > Self.count / 50)
    }

    @Test func randomTextsAreRefusedOrMeanTheSame() throws {
        var generator = SeededGenerator.announced()
        let table = try RandomTable(rowCount: 4, &generator)
        for _ in 0..<Self.count {
            let tokens = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                Self.tokens.randomElement(using: &generator)! + (Bool.random(using: &generator) ? " " : "")
            }
            _ = try check(Filter(tokens.joined()), table)
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                UInt8.random(in: 0...(Bool.random(using: &generator) ? 127 : 255), using: &generator)
            }
            _ = try check(Filter(String(decoding: bytes, as: UTF8.self)), table)
        }
    }

    /// A text with some characters removed, doubled, replaced by a token, or cut off.
    private static func damaged(_ text: String, _ generator: inout SeededGenerator) -> String {
        var characters = Array(text.unicodeScalars)
        let place = Int.random(in: 0...characters.count, using: &generator)
        let end = min(characters.count, place + Int.random(in: 0...3, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: characters.removeSubrange(place..<end)
        case 1: characters.insert(contentsOf: characters[place..<end], at: place)
        case 2: characters.removeSubrange(place...)
        case 3:
            characters.replaceSubrange(
                place..<end, with: tokens.randomElement(using: &generator)!.unicodeScalars)
        default:
            let token = " " + tokens.randomElement(using: &generator)! + " "
            characters.insert(contentsOf: token.unicodeScalars, at: place)
        }
        return String(String.UnicodeScalarView(characters))
    }

    /// Checks a text, and says whether it is accepted.
    private func check(_ filter: Filter, _ table: RandomTable) throws -> Bool {
        let oracle = table.oracle
        let found: [Int64]
        do {
            let expression = try FilterParser.parse(filter)
            let refusal = oracle.grammarRefusal(ofText: filter.text, isWhole: false)
            #expect(refusal == nil, "accepted: \(filter)")
            found = try table.ids(where: expression, filter.parameters)
        } catch {
            if case .syntax = error.reason, !Self.isValue(error) {
                let refusal = oracle.grammarRefusal(ofText: filter.text, isWhole: true)
                #expect(refusal != nil, "\(error) where SQLite accepts \(filter)")
            }
            #expect((0...filter.text.utf8.count).contains(error.position), "\(error)")
            #expect(error.description(in: filter.text).utf8.count <= Int(Limits.standard.messageBytesMax))
            return false
        }
        do {
            let hasSeed = filter.text.lowercased().contains("seed")
            let expected =
                hasSeed
                ? try oracle.ids(where: filter, seedTable: "own") : try oracle.ids(where: filter)
            #expect(found == expected, "\(filter)")
        } catch {
            // SQLite's parser has a stack of fixed size. A comment without an end hides the rest of the statement.
            let isExpected = ["stack overflow", "incomplete input"].contains { error.message.contains($0) }
            #expect(isExpected, "SQLite \(error): \(filter)")
        }
        return true
    }

    /// Whether a value is refused, which SQLite does after its grammar has accepted the text, and only where it comes
    /// to the value.
    static func isValue(_ failure: FilterFailure) -> Bool {
        guard case .syntax(_, let wanted) = failure.reason else { return false }
        return ["after ESCAPE", "digits after 0x", "64 bits"].contains { wanted.contains($0) }
    }
}
