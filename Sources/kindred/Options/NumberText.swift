import ArgumentParser

/// Reads the numbers of options. An error says what is wanted; the argument parser puts the option and the value before
/// it.
enum NumberText {
    /// A whole number; `example` is one that makes sense for the option.
    static func whole(_ example: Int) -> @Sendable (String) throws -> Int {
        { text in
            guard let number = Int(text) else { throw ValidationError("a whole number, such as \(example)") }
            return number
        }
    }

    /// A number with or without decimals.
    static func number<Number: LosslessStringConvertible>(_ example: Number)
        -> @Sendable (String) throws -> Number
    where Number: Sendable & BinaryFloatingPoint {
        { text in
            guard let number = Number(text) else { throw ValidationError("a number, such as \(example)") }
            return number
        }
    }

    /// A version's number.
    static let version: @Sendable (String) throws -> UInt64 = { text in
        guard let number = UInt64(text) else {
            throw ValidationError("a version's number, such as 3 ('kindred models' lists them)")
        }
        return number
    }
}
