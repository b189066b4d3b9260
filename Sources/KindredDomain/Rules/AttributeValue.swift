/// A value of an attribute, a literal or a bound value, with SQLite's types. Blobs are not among them.
public enum AttributeValue: Sendable, Hashable {
    case null
    case integer(Int64)
    /// May be infinite or -0; NaN is NULL in SQLite and never stands here.
    case real(Double)
    /// Valid UTF-8. NUL is a character as any other.
    case text([UInt8])

    /// The name of the type, for messages: `NULL`, `an integer`, `a real` or `a text`.
    public var typeName: String {
        switch self {
        case .null: "NULL"
        case .integer: "an integer"
        case .real: "a real"
        case .text: "a text"
        }
    }
}

// No literal `nil` is a value: an optional value would take it for NULL instead of for none.
extension AttributeValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral {
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A real.
    public init(floatLiteral value: Double) { self = .real(value) }

    /// A text.
    public init(stringLiteral value: String) { self = .text(Array(value.utf8)) }

    /// A text.
    public init(_ text: String) { self = .text(Array(text.utf8)) }
}
