import KindredDomain

/// How SQLite reads a text as a number.
///
/// A number is digits with an optional sign, point and exponent. White space may surround it.
struct NumericText {
    private let text: UnsafeBufferPointer<UInt8>
    /// Whether the number has a point or an exponent. An `e` without digits after it is not part of the number.
    private let isReal: Bool
    /// Whether the whole text is a number.
    private let isWhole: Bool
    /// Whether a digit other than 0 stands before the exponent.
    private let hasDigitAboveZero: Bool

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        var scanner = Scanner(text)
        scanner.skipSpaces()
        scanner.skipSign()
        var digits = scanner.skipDigits()
        let hasPoint = scanner.skip(UInt8(ascii: "."))
        if hasPoint { digits = digits + scanner.skipDigits() }
        let hasExponent = scanner.skip(UInt8(ascii: "e")) || scanner.skip(UInt8(ascii: "E"))
        var isExponentValid = true
        if hasExponent {
            scanner.skipSign()
            isExponentValid = scanner.skipDigits().count > 0
        }
        scanner.skipSpaces()
        isWhole = scanner.isAtEnd && digits.count > 0 && isExponentValid
        isReal = digits.count > 0 && (hasPoint || hasExponent && isExponentValid)
        hasDigitAboveZero = digits.hasAboveZero
    }

    /// The number of the whole text, or nil where the text is none: an integer where it is written as one and fits.
    var wholeNumber: AttributeValue? { isWhole ? number : nil }

    /// The number with which the text begins, or the integer 0.
    var number: AttributeValue {
        if isReal { .real(real) } else { leadingInteger.map { .integer($0) } ?? .real(real) }
    }

    /// The number with which the text begins, as a real.
    var real: Double { SQLiteConversions.real(text) }

    /// Whether the number with which the text begins differs from 0. A number can be so small that its real is 0.
    var isTrue: Bool { hasDigitAboveZero && real != 0 }

    /// The integer with which the text begins, 0 without digits, nil beyond 64 bits.
    private var leadingInteger: Int64? {
        var scanner = Scanner(text)
        scanner.skipSpaces()
        let isNegative = scanner.skipSign()
        var value: Int64 = 0
        while let digit = scanner.takeDigit() {
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (next, carried) =
                isNegative
                ? shifted.subtractingReportingOverflow(Int64(digit))
                : shifted.addingReportingOverflow(Int64(digit))
            if overflowed || carried { return nil }
            value = next
        }
        return value
    }
}

/// A place in a text.
private struct Scanner {
    /// Digits that were passed.
    struct Digits {
        var count = 0
        var hasAboveZero = false

        static func + (_ one: Digits, _ other: Digits) -> Digits {
            Digits(count: one.count + other.count, hasAboveZero: one.hasAboveZero || other.hasAboveZero)
        }
    }

    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    mutating func skipSpaces() {
        while !isAtEnd, ASCII.isSpace(text[index]) { index += 1 }
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard !isAtEnd, text[index] == byte else { return false }
        index += 1
        return true
    }

    /// True for a minus.
    @discardableResult mutating func skipSign() -> Bool {
        if skip(UInt8(ascii: "-")) { return true }
        _ = skip(UInt8(ascii: "+"))
        return false
    }

    mutating func takeDigit() -> UInt8? {
        guard !isAtEnd, ASCII.isDigit(text[index]) else { return nil }
        defer { index += 1 }
        return text[index] - UInt8(ascii: "0")
    }

    mutating func skipDigits() -> Digits {
        var digits = Digits()
        while let digit = takeDigit() {
            digits.count += 1
            if digit > 0 { digits.hasAboveZero = true }
        }
        return digits
    }
}
