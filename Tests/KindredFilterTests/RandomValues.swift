import KindredDomain
import TestSupport

/// Values of every kind: edges of 64 bits and of float64, texts that look like numbers, and near ones.
struct RandomValues {
    private static let integers: [Int64] = [
        0, 1, -1, 2, 3, 5, 7, 10, 12, .max, .min, .max - 1, .min + 1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1,
        (1 << 53) - 1, 1 << 62, 9_223_372_036_854_774_784, 1 << 32, 65_534,
    ]
    private static let reals: [Double] = [
        0, -0.0, 0.5, 1, -1, 2, 2.5, 5, 10, 1e3, .infinity, -.infinity, 0x1p53, 0x1p53 + 2, 0x1p63, -0x1p63,
        9.223372036854775e18, 1e19, 1e-300, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 1e15, 123_456.789,
        1e16,
    ]
    private static let texts = [
        "", " ", "0", "1", "5", "5.0", " 5", "5 ", "+5", "-5", "05", "5e0", "5e", "5.", ".5", ".", "-", "+-5",
        "1e3",
        "1e+", "0x10", "5x", " 5 x", "1.5abc", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "9007199254740993", "9007199254740992.0", "1e400",
        "-1e400",
        "1e-400", "0.000", "-0", "-0.0", "inf", "Inf", "nan", "a", "A", "abc", "ABC", "ab", "mug", "mugs",
        "mügs",
        "a_c", "a%c", "50%", "[a]", "a]c", "^", "\\", "it's", "\"x\"", "a;b", "--", "/* x */", "\u{1F381}",
        "a\u{1F381}c", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}", "é", "\t5\n", "\u{0B}5", "5\u{A0}", "5\0", "\0",
        "a\0b",
        "a\0c", "ab\0", "NULL", "true", "1_000", "12345678901234567890123456789", "1.7976931348623157e309",
    ]

    /// A text of the list, or of some characters that patterns and numbers are made of.
    static func text(_ generator: inout SeededGenerator) -> [UInt8] {
        if Int.random(in: 0..<4, using: &generator) > 0 {
            return Array(texts.randomElement(using: &generator)!.utf8)
        }
        let characters = [
            "a", "b", "A", "é", "\u{1F381}", "%", "_", "*", "?", "0", "1", "9", ".", "e", "-", " ",
        ]
        return Array(
            (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                characters.randomElement(using: &generator)!
            }.joined().utf8)
    }

    static func integer(_ generator: inout SeededGenerator) -> Int64 {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: integers.randomElement(using: &generator)!
        case 1: Int64(truncatingIfNeeded: generator.next()) >> Int64.random(in: 0...63, using: &generator)
        default: Int64.random(in: -3...12, using: &generator)
        }
    }

    static func real(_ generator: inout SeededGenerator) -> Double {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0, 1: return reals.randomElement(using: &generator)!
        case 2: return Double(Int.random(in: -6...24, using: &generator)) / 2
        default:
            let real = Double(bitPattern: generator.next())
            return real.isNaN ? 0.25 : real
        }
    }

    /// Any value. One in `nullsIn` is NULL.
    static func any(_ generator: inout SeededGenerator, nullsIn: Int = 8) -> AttributeValue {
        if Int.random(in: 0..<nullsIn, using: &generator) == 0 { return .null }
        return switch Int.random(in: 0..<3, using: &generator) {
        case 0: .integer(integer(&generator))
        case 1: .real(real(&generator))
        default: .text(text(&generator))
        }
    }
}
