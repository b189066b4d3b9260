import KindredDomain

/// SQLite's arithmetic. Of a text it takes the number with which the text begins, else 0.
///
/// Two integers give an integer where it fits in 64 bits. Everything else is computed in float64. NULL with any value
/// gives NULL, and so does a result that is no number, such as infinity - infinity.
extension AttributeValue {
    package func adding(_ other: AttributeValue) -> AttributeValue {
        Self.compute(self, other, { $0.addingReportingOverflow($1) }, +)
    }

    package func subtracting(_ other: AttributeValue) -> AttributeValue {
        Self.compute(self, other, { $0.subtractingReportingOverflow($1) }, -)
    }

    package func multiplied(by other: AttributeValue) -> AttributeValue {
        Self.compute(self, other, { $0.multipliedReportingOverflow(by: $1) }, *)
    }

    /// `-a`, which is 0 - a: it is 0 and not -0 where a is 0.
    package var negated: AttributeValue { AttributeValue.integer(0).subtracting(self) }

    /// A value with which arithmetic gives the same results: of a text the number, or a shorter text of it.
    var asOperand: AttributeValue {
        guard case .text = self, let number else { return self }
        // Of a text with many digits, an integer and its real may come from different roundings.
        if number.real.bitPattern == real.bitPattern { return number }
        guard let text = number.textValue, AttributeValue.text(text).real.bitPattern == real.bitPattern else {
            return self
        }
        return .text(text)
    }

    private static func compute(
        _ left: AttributeValue, _ right: AttributeValue,
        _ exact: (Int64, Int64) -> (partialValue: Int64, overflow: Bool),
        _ rounded: (Double, Double) -> Double
    ) -> AttributeValue {
        guard let one = left.number, let other = right.number else { return .null }
        if case .integer(let one) = one, case .integer(let other) = other {
            let (result, overflow) = exact(one, other)
            if !overflow { return .integer(result) }
        }
        // The real of a text comes from the text, also where its integer has been read.
        let result = rounded(left.real, right.real)
        return result.isNaN ? .null : .real(result)
    }

    /// The number with which arithmetic begins; nil for NULL.
    private var number: AttributeValue? {
        switch self {
        case .null: nil
        case .integer, .real: self
        case .text(let bytes): bytes.withUnsafeBufferPointer { NumericText($0).number }
        }
    }

    private var real: Double {
        switch self {
        case .null: 0
        case .integer(let integer): Double(integer)
        case .real(let real): real
        case .text(let bytes): bytes.withUnsafeBufferPointer { SQLiteConversions.real($0) }
        }
    }
}
