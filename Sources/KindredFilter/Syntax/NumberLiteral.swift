import KindredDomain

/// A number as it is written. Its value depends on whether a minus stands before it.
enum NumberLiteral: Equatable {
    /// Decimal digits.
    case integer([UInt8])
    /// Digits with a point or an exponent.
    case real([UInt8])
    /// `0x` and at most 16 digits that count: the 64 bits of an integer.
    case hexadecimal(Int64)

    /// The value without a sign. An integer beyond 64 bits is a real.
    var value: AttributeValue {
        switch self {
        case .integer(let digits):
            Self.integer(digits, isNegative: false).map { .integer($0) } ?? .real(Self.real(digits))
        case .real(let digits): .real(Self.real(digits))
        case .hexadecimal(let integer): .integer(integer)
        }
    }

    /// The value after a minus; nil for the hexadecimal literal whose negative does not fit, which SQLite refuses.
    var negated: AttributeValue? {
        switch self {
        case .integer(let digits):
            Self.integer(digits, isNegative: true).map { .integer($0) } ?? .real(-Self.real(digits))
        case .real(let digits): .real(-Self.real(digits))
        case .hexadecimal(let integer): integer == .min ? nil : .integer(-integer)
        }
    }

    private static func integer(_ digits: [UInt8], isNegative: Bool) -> Int64? {
        Int64((isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self))
    }

    private static func real(_ digits: [UInt8]) -> Double {
        digits.withUnsafeBufferPointer { SQLiteConversions.real($0) }
    }
}
