/// A JSON value whose members keep their order and whose numbers keep their digits.
///
/// So 64-bit integers stay exact, and unknown members survive reading and writing.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as it is written, in the grammar of JSON.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// A number from an integer.
    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// A number from a float64; null if it is not finite, since JSON has no such numbers.
    package static func real(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The first member of a name, compared as bytes; nil if there is none or the value is no object.
    package func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The value of a number without sign, fraction and exponent; nil for others and beyond 64 bits.
    package var unsigned: UInt64? {
        guard case .number(let digits) = self else { return nil }
        return UInt64(digits)
    }

    /// The string; nil for other values.
    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A short text for messages: scalars as written, containers by kind and size.
    package var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): digits.utf8.count <= 40 ? digits : "\(digits.prefix(40))\u{2026}"
        case .string(let text): FileFailure.quoted(text)
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object of \(members.count) members"
        }
    }
}

/// A name and its value in a JSON object.
package struct JSONMember: Sendable, Equatable {
    package let name: String
    package let value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}
