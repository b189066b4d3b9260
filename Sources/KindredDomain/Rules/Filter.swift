/// A filter as a request carries it: the text of an expression in the subset of SQLite's language, and the values of
/// its `:name` parameters.
///
/// Values are never part of the text, so that a value cannot become an expression.
public struct Filter: Sendable, Hashable {
    /// UTF-8, at most `Limits.filterBytesMax` bytes.
    public var text: String
    /// Each parameter of the text once, in any order.
    public var parameters: [FilterParameter]

    /// A filter of a text and the values of its parameters.
    public init(_ text: String, parameters: [FilterParameter] = []) {
        self.text = text
        self.parameters = parameters
    }
}

/// The value of one `:name` of a filter.
public struct FilterParameter: Sendable, Hashable {
    /// Without the colon: a letter or `_`, then letters, digits and `_`, all ASCII.
    public var name: String
    /// What the name stands for.
    public var value: AttributeValue

    /// The value of a name.
    public init(_ name: String, _ value: AttributeValue) {
        self.name = name
        self.value = value
    }

    /// Whether UTF-8 bytes may be a name.
    package static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
