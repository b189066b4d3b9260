/// The kind of the ids of one side of a model.
public enum IDKind: UInt8, Sendable, Hashable {
    /// Unsigned integers up to 2^63 - 1.
    case number = 1
    /// UTF-8 byte strings of 1 to 256 bytes, compared as bytes.
    case text = 2
}

/// The id of an item or a user in your own data.
///
/// An id is an integer or bytes. Two text ids are equal only when their bytes are: there is no Unicode comparison.
/// String and integer literals are ids:
///
/// ```swift
/// let ids: [ExternalID] = ["85123A", 17850]
/// ```
public enum ExternalID: Sendable, Hashable {
    /// An unsigned integer, at most 2^63 - 1.
    case number(UInt64)
    /// UTF-8 bytes, 1 to 256 of them.
    case text([UInt8])

    /// A text id from a string's UTF-8 bytes.
    public init(_ string: String) { self = .text(Array(string.utf8)) }

    /// The id's kind.
    public var kind: IDKind {
        switch self {
        case .number: .number
        case .text: .text
        }
    }

    /// The number of a text that is a plain decimal: digits only, no leading zero, at most 2^63 - 1. Else nil.
    public static func plainDecimal(_ bytes: some Collection<UInt8>) -> UInt64? {
        bytes.withContiguousStorageIfAvailable { plainDecimal(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { plainDecimal($0) }
    }

    /// The same for bytes in memory. It runs for each id of a request, and allocates nothing.
    package static func plainDecimal(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard let first = bytes.first, bytes.count <= 19 else { return nil }
        if first == UInt8(ascii: "0") { return bytes.count == 1 ? 0 : nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value <= Limits.numberIDMax ? value : nil
    }
}

extension ExternalID: CustomStringConvertible {
    /// The number in decimal, or the text.
    public var description: String {
        switch self {
        case .number(let value): String(value)
        case .text(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension ExternalID: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A text id.
    public init(stringLiteral value: String) { self.init(value) }
    /// A numeric id.
    public init(integerLiteral value: UInt64) { self = .number(value) }
}

extension ExternalID: Comparable {
    /// Numbers by value, texts by bytes, numbers before texts. One side of a model has ids of one kind.
    public static func < (left: ExternalID, right: ExternalID) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): a < b
        case (.text(let a), .text(let b)): a.lexicographicallyPrecedes(b)
        case (.number, .text): true
        case (.text, .number): false
        }
    }
}
