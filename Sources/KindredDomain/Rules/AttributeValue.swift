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
