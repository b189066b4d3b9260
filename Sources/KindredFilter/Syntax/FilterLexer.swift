/// Cuts a filter's text into tokens, as SQLite does.
struct FilterLexer {
    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The next token. At the end of the text it is `end`, however often it is asked for.
    mutating func next() -> FilterToken {
        skipSpaces()
        let start = index
        let kind = index < text.count ? kind(of: text[index]) : .end
        return FilterToken(kind: kind, range: start..<index)
    }

    // MARK: Characters

    /// The byte at a distance from the next one, 0 beyond the end.
    private func byte(_ distance: Int = 0) -> UInt8 {
        index + distance < text.count ? text[index + distance] : 0
    }

    private func isNext(_ letter: Unicode.Scalar, _ distance: Int = 0) -> Bool {
        byte(distance) == UInt8(ascii: letter)
    }

    private static func beginsName(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func continuesName(_ byte: UInt8) -> Bool {
        beginsName(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "$")
    }

    // MARK: Spaces and comments

    /// Skips white space, byte order marks, `-- comments` and `/* comments */`, of which the last may lack its end.
    private mutating func skipSpaces() {
        while index < text.count {
            if ASCII.isSpace(byte()), byte() != 0x0B {
                // A vertical tab is white space after other white space only.
                while ASCII.isSpace(byte()) { index += 1 }
            } else if byte() == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF {
                index += 3
            } else if isNext("-"), isNext("-", 1) {
                while index < text.count, byte() != 0x0A, byte() != 0 { index += 1 }
            } else if isNext("/"), isNext("*", 1), byte(2) != 0 {
                index += 2
                while index < text.count, byte() != 0, !(isNext("*") && isNext("/", 1)) { index += 1 }
                if isNext("*") { index += 2 }
            } else {
                return
            }
        }
    }

    // MARK: Tokens

    /// Reads the token that begins with a byte.
    private mutating func kind(of first: UInt8) -> FilterToken.Kind {
        switch Unicode.Scalar(first) {
        case "'": quoted(end: first)
        case "\"", "`": quoted(end: first)
        case "[": quoted(end: UInt8(ascii: "]"))
        case ":": parameter()
        case "?", "@", "$", "#": otherParameter(takeParameter())
        case ".": ASCII.isDigit(byte(1)) ? number() : take(1, .dot)
        case "0"..."9": number()
        case "x", "X": isNext("'", 1) ? blob() : word()
        case _ where Self.beginsName(first): word()
        default: symbol(first)
        }
    }

    private mutating func take(_ count: Int, _ kind: FilterToken.Kind) -> FilterToken.Kind {
        index += count
        return kind
    }

    private mutating func takeUnsupported(_ count: Int, wanted: String = "") -> FilterToken.Kind {
        let name = shown(index..<index + count)
        return take(count, .unsupported(name, wanted: wanted))
    }

    private func shown(_ range: Range<Int>) -> String {
        "\"" + String(decoding: text[range.clamped(to: text.indices)], as: UTF8.self) + "\""
    }

    private mutating func symbol(_ first: UInt8) -> FilterToken.Kind {
        let second = Unicode.Scalar(byte(1))
        switch (Unicode.Scalar(first), second) {
        case ("(", _): return take(1, .open)
        case (")", _): return take(1, .close)
        case (",", _): return take(1, .comma)
        case ("+", _): return take(1, .plus)
        case ("-", ">"): return takeUnsupported(isNext(">", 2) ? 3 : 2)
        case ("-", _): return take(1, .minus)
        case ("*", _): return take(1, .star)
        case ("=", "="): return take(2, .comparison(.equal))
        case ("=", _): return take(1, .comparison(.equal))
        case ("<", "="): return take(2, .comparison(.lessOrEqual))
        case ("<", ">"), ("!", "="): return take(2, .comparison(.notEqual))
        case ("<", "<"), (">", ">"), ("|", "|"): return takeUnsupported(2)
        case ("<", _): return take(1, .comparison(.less))
        case (">", "="): return take(2, .comparison(.greaterOrEqual))
        case (">", _): return take(1, .comparison(.greater))
        case ("/", _), ("%", _), ("&", _), ("|", _), ("~", _): return takeUnsupported(1)
        case ("!", _): return take(1, .unreadable(wanted: "\"!=\" or NOT"))
        case ("\0", _): return nul()
        default: return take(1, .unreadable(wanted: ""))
        }
    }

    private mutating func nul() -> FilterToken.Kind {
        take(1, .unsupported("NUL characters", wanted: "bind a text that has one as a value"))
    }

    /// A text or a name in quotes. A quote within is written twice, but not in brackets.
    private mutating func quoted(end: UInt8) -> FilterToken.Kind {
        let isText = end == UInt8(ascii: "'")
        let isDoubled = end != UInt8(ascii: "]")
        index += 1
        var bytes: [UInt8] = []
        while index < text.count {
            let byte = text[index]
            if byte == 0 { return nul() }
            index += 1
            if byte == end {
                guard isDoubled, self.byte() == end, index < text.count else {
                    return isText
                        ? .text(bytes) : .name(String(decoding: bytes, as: UTF8.self), isQuoted: true)
                }
                index += 1
            }
            bytes.append(byte)
        }
        let mark = String(decoding: [end], as: UTF8.self)
        return .unreadable(wanted: "\(mark) at the end of the \(isText ? "text" : "name")")
    }

    private mutating func word() -> FilterToken.Kind {
        let start = index
        while index < text.count, Self.continuesName(byte()) { index += 1 }
        let name = String(decoding: text[start..<index], as: UTF8.self)
        let lowercased = String(decoding: text[start..<index].lazy.map(ASCII.lowercased), as: UTF8.self)
        return FilterKeyword(rawValue: lowercased).map { .keyword($0) } ?? .name(name, isQuoted: false)
    }

    // MARK: Parameters and numbers

    private static let parameterWanted = ":name of ASCII letters, digits and _"

    /// `:name`. SQLite also has `:1`, `:ä`, `:a$b`, `:a::b` and `:a(b)`.
    private mutating func parameter() -> FilterToken.Kind {
        let range = takeParameter()
        let name = text[range].dropFirst()
        let isPlain = name.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
        if let first = name.first, isPlain, !ASCII.isDigit(first), !isNext("(") {
            return .parameter(String(decoding: name, as: UTF8.self))
        }
        return otherParameter(range)
    }

    /// A parameter that filters have not: also `?`, `?5`, `@x`, `$x` and `#x`.
    private func otherParameter(_ range: Range<Int>) -> FilterToken.Kind {
        guard range.count > 1 || text[range.lowerBound] == UInt8(ascii: "?") else {
            return .unreadable(wanted: Self.parameterWanted)
        }
        return .unsupported("parameter \(shown(range))", wanted: "write \(Self.parameterWanted)")
    }

    /// A sign, and the letters, digits and `::` after it.
    private mutating func takeParameter() -> Range<Int> {
        let start = index
        index += 1
        while true {
            if Self.continuesName(byte()) {
                index += 1
            } else if isNext(":"), isNext(":", 1) {
                index += 2
            } else {
                return start..<index
            }
        }
    }

    private mutating func skipDigits() {
        while ASCII.isDigit(byte()) { index += 1 }
    }

    private mutating func number() -> FilterToken.Kind {
        let start = index
        if isNext("0"), isNext("x", 1) || isNext("X", 1), ASCII.isHexDigit(byte(2)) { return hexadecimal() }
        skipDigits()
        var isReal = false
        if isNext(".") {
            isReal = true
            index += 1
            skipDigits()
        }
        if isNext("e") || isNext("E") {
            let hasSign = isNext("+", 1) || isNext("-", 1)
            if ASCII.isDigit(byte(hasSign ? 2 : 1)) {
                isReal = true
                index += 2
                skipDigits()
            }
        }
        let digits = Array(text[start..<index])
        guard Self.continuesName(byte()) else { return .number(isReal ? .real(digits) : .integer(digits)) }
        let isSeparated = isNext("_")
        while Self.continuesName(byte()) { index += 1 }
        return isSeparated
            ? .unsupported("_ in numbers, such as \(shown(start..<index))", wanted: "write it without _")
            : .unreadable(wanted: "a number, and a space or an operator after it")
    }

    private mutating func hexadecimal() -> FilterToken.Kind {
        index += 2
        while isNext("0") { index += 1 }
        let start = index
        var bits: UInt64 = 0
        while ASCII.isHexDigit(byte()) {
            let digit = ASCII.isDigit(byte()) ? byte() & 0x0F : byte() & 0x07 + 9
            bits = bits << 4 | UInt64(digit)
            index += 1
        }
        guard index - start <= 16 else { return .unreadable(wanted: "at most 16 digits after 0x") }
        return .number(.hexadecimal(Int64(bitPattern: bits)))
    }

    /// `x'0aff'`.
    private mutating func blob() -> FilterToken.Kind {
        index += 2
        let start = index
        while ASCII.isHexDigit(byte()) { index += 1 }
        guard isNext("'"), (index - start).isMultiple(of: 2) else {
            return .unreadable(wanted: "an even number of hexadecimal digits and ' after x'")
        }
        index += 1
        return .unsupported("blobs", wanted: "")
    }
}
