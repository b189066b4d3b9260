/// A JSON document as it stands in a model's files: members keep their order, numbers keep their digits.
///
/// Numbers are kept as written, so that 64-bit integers lose nothing and unknown members survive a round trip.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number in JSON's grammar.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// A number from an integer.
    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// A number from a float64; null where it is not finite, which JSON cannot say.
    package static func real(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The first member of that name, compared as bytes; nil for anything but an object.
    package func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The value of a number without sign, fraction and exponent, if it fits.
    package var unsigned: UInt64? {
        guard case .number(let digits) = self else { return nil }
        return UInt64(digits)
    }

    /// The string, if it is one.
    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A short rendering for messages: scalars as they are, containers by kind and size.
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
