import KindredTerminal

/// Reads CSV records (RFC 4180) one by one. A quoted field may contain separators and line ends; `""` in it is a quote.
/// White space around a field is dropped, unless it is quoted.
struct RecordReader {
    /// A malformed record.
    struct Fault: Error {
        /// Line number from 1.
        let line: Int
        let reason: String
    }

    /// The position of a field.
    struct Field {
        fileprivate let range: Range<Int>
        fileprivate let hasDoubledQuotes: Bool

        var isEmpty: Bool { range.isEmpty }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let tab = UInt8(ascii: "\t")
    /// White space other than line ends, in UTF-8: tab, space, no-break space, zero-width space, byte order mark.
    private static let blanks: [[UInt8]] = [
        [0x09], [0x20], [0xC2, 0xA0], [0xE2, 0x80, 0x8B], [0xEF, 0xBB, 0xBF],
    ]

    private let bytes: [UInt8]
    private let separator: UInt8
    private var position = 0
    private var nextLine = 1
    /// Line number, from 1, where the last record begins.
    private(set) var line = 0
    /// The fields of the last record, at least one.
    private(set) var fields: [Field] = []

    /// `bytes`: UTF-8 without a byte order mark.
    init(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) {
        self.bytes = bytes
        self.separator = separator
    }

    /// Reads the next record; false at the end.
    mutating func next() throws(Fault) -> Bool {
        guard position < bytes.count else { return false }
        line = nextLine
        fields.removeAll(keepingCapacity: true)
        while true {
            fields.append(try field())
            guard position < bytes.count else { return true }
            let end = bytes[position]
            position += 1
            if end == separator { continue }
            if end == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
            nextLine += 1
            return true
        }
    }

    /// The bytes of a field of the last record.
    func bytes(of field: Field) -> [UInt8] {
        let content = bytes[field.range]
        guard field.hasDoubledQuotes else { return Array(content) }
        var unquoted: [UInt8] = []
        var isSecond = false
        for byte in content {
            isSecond = byte == Self.quote && !isSecond
            if !isSecond { unquoted.append(byte) }
        }
        return unquoted
    }

    /// The texts of the last record's fields.
    var texts: [String] { fields.map { String(decoding: bytes(of: $0), as: UTF8.self) } }

    private func endsField(_ byte: UInt8) -> Bool { byte == separator || byte == 0x0A || byte == 0x0D }

    private mutating func field() throws(Fault) -> Field {
        var end = position
        while end < bytes.count, !endsField(bytes[end]) { end += 1 }
        let content = trimmed(position..<end)
        guard !content.isEmpty, bytes[content.lowerBound] == Self.quote else {
            position = end
            return Field(range: content, hasDoubledQuotes: false)
        }
        return try quoted(from: content.lowerBound + 1)
    }

    private mutating func quoted(from start: Int) throws(Fault) -> Field {
        let firstLine = nextLine
        var hasDoubledQuotes = false
        var index = start
        while index < bytes.count {
            if bytes[index] == 0x0A { nextLine += 1 }
            if bytes[index] == Self.quote {
                guard index + 1 < bytes.count, bytes[index + 1] == Self.quote else { break }
                hasDoubledQuotes = true
                index += 1
            }
            index += 1
        }
        guard index < bytes.count else {
            throw Fault(
                line: firstLine,
                reason: "a quote is opened and not closed; an id that begins with one is written \"\"\"...\"")
        }
        position = index + 1
        var end = position
        while end < bytes.count, !endsField(bytes[end]) { end += 1 }
        guard trimmed(position..<end).isEmpty else {
            if separator != Self.tab, bytes[position] == Self.tab {
                throw Fault(
                    line: nextLine,
                    reason: "a tab after a closed quote; tabs separate columns only where the first line "
                        + "is a heading that names the ids, such as id, and commas do anywhere")
            }
            let rest = VisibleText.quoted(bytes[position..<end])
            throw Fault(
                line: nextLine, reason: "\(rest) after a closed quote; a quote in quotes is written twice")
        }
        position = end
        return Field(range: start..<index, hasDoubledQuotes: hasDoubledQuotes)
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, Self.mayBeBlank(bytes[start]),
            let blank = Self.blanks.first(where: { bytes[start..<end].starts(with: $0) })
        {
            start += blank.count
        }
        while start < end, Self.mayBeBlank(bytes[end - 1]),
            let blank = Self.blanks.first(where: { bytes[start..<end].hasSuffix($0) })
        {
            end -= blank.count
        }
        return start..<end
    }

    /// Whether the byte can be part of white space. Most ids skip the full check.
    private static func mayBeBlank(_ byte: UInt8) -> Bool { byte <= 0x20 || byte >= 0x80 }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
