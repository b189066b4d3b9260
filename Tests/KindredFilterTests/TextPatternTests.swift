import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// LIKE and GLOB match what SQLite's match.
@Suite struct TextPatternTests {
    private static let count = isOptimised ? 40_000 : 6_000
    private static let pieces = [
        "%", "_", "*", "?", "[", "]", "^", "-", "a", "b", "c", "A", "B", "é", "É", "\u{1F381}", "\\", "x",
        "%%", "_%",
        "**", "?*", "[a-c]", "[^a]", "[]a]", "[a-", "[é-ü]", "[a\\]", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}",
        "\0", "ab",
    ]

    private func random(_ generator: inout SeededGenerator) -> [UInt8] {
        Array(
            (0..<Int.random(in: 0...7, using: &generator)).map { _ in
                Self.pieces.randomElement(using: &generator)!
            }.joined().utf8)
    }

    @Test func patternsMatchAsInSQLite() throws {
        var generator = SeededGenerator.announced()
        let oracle = try SQLiteOracle(columns: [])
        var matches = 0
        for _ in 0..<Self.count {
            let text = random(&generator)
            // Near the text, so that many match.
            let pattern = Bool.random(using: &generator) ? random(&generator) : damaged(text, &generator)
            let escapes = ["\\", "%", "_", "a", "\u{1F381}"]
            let escape = Bool.random(using: &generator) ? escapes.randomElement(using: &generator) : nil
            let parameters = [FilterParameter("t", .text(text)), FilterParameter("p", .text(pattern))]
            let like = try TextPattern(like: pattern, escape: escape.map { Array($0.utf8) }).matches(text)
            let escaped = escape.map { " ESCAPE '\($0)'" } ?? ""
            let expected = try oracle.value(of: ":t LIKE :p" + escaped, parameters)
            #expect(.integer(like ? 1 : 0) == expected, "\(parameters) \(escaped)")
            let glob = try TextPattern(glob: pattern).matches(text)
            #expect(
                try .integer(glob ? 1 : 0) == oracle.value(of: ":t GLOB :p", parameters), "GLOB \(parameters)"
            )
            if like { matches += 1 }
        }
        print("LIKE matched \(matches) of \(Self.count)")
        #expect(matches > Self.count / 50)
    }

    /// A text with some characters replaced by others of a pattern.
    private func damaged(_ text: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var pattern = ""
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let isKept = Int.random(in: 0..<3, using: &generator) > 0
            pattern += isKept ? String(scalar) : ["%", "_", "*", "?", ""].randomElement(using: &generator)!
        }
        return Array(pattern.utf8)
    }

    @Test func theLongestPatternIsThatOfSQLite() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "%"), count: Limits.patternBytesMax)
        #expect(try TextPattern(like: longest).matches([1, 2]))
        let refusal = TextPattern.Refusal.tooLong(bytes: longest.count + 1, limit: longest.count)
        #expect(throws: refusal) { try TextPattern(like: longest + [0]) }
        #expect(throws: refusal) { try TextPattern(glob: longest + [0]) }
        let oracle = try SQLiteOracle(columns: [])
        #expect(
            try oracle.value(of: "'a' LIKE :p", [FilterParameter("p", .text(longest))]) == .integer(1))
        #expect(throws: SQLiteOracle.Refusal.self) {
            try oracle.value(of: "'a' LIKE :p", [FilterParameter("p", .text(longest + [0]))])
        }
    }

    @Test func anEscapeIsOneCharacter() throws {
        for (escape, isRight) in [
            ("\\", true), ("é", true), ("\u{1F381}", true), ("", false), ("ab", false), ("a\0b", true),
        ] {
            let bytes = Array(escape.utf8)
            let ours = Result { try TextPattern(like: [], escape: bytes) }
            #expect(((try? ours.get()) != nil) == isRight, "\(bytes)")
            let oracle = try SQLiteOracle(columns: [])
            let sqlite = Result {
                try oracle.value(of: "'' LIKE '' ESCAPE :e", [FilterParameter("e", .text(bytes))])
            }
            #expect(((try? sqlite.get()) != nil) == isRight, "\(bytes)")
        }
    }

    /// Each `%` that does not match leads back to the last one only.
    @Test func manyWildcardsTakeNoTimeOfTheirOwn() throws {
        let pattern = Array(String(repeating: "%a", count: 1_000).utf8) + [UInt8(ascii: "b")]
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 2_000)
        #expect(try !TextPattern(like: pattern).matches(text))
        #expect(try TextPattern(like: pattern.dropLast()).matches(text))
    }

    @Test func invalidBytesDoNotTrap() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<2_000 {
            let bytes = (0..<12).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let pattern = try TextPattern(like: Array(bytes[..<6]))
            _ = pattern.matches(Array(bytes[6...]))
            _ = try TextPattern(glob: bytes).matches(bytes)
        }
    }
}
