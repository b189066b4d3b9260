import KindredDomain

/// How SQLite compares values and what it takes for true.
extension AttributeValue {
    /// The value after an affinity is applied to one side of a comparison, whatever the other side is.
    ///
    /// `numeric`, `integer` and `real` turn a text that is a number as a whole into that number. `text` renders
    /// numbers. `blob` and nil change nothing.
    package func converted(to affinity: Affinity?) -> AttributeValue {
        switch (self, affinity) {
        case (.text(let bytes), .numeric), (.text(let bytes), .integer), (.text(let bytes), .real):
            bytes.withUnsafeBufferPointer { NumericText($0).wholeNumber } ?? self
        case (.integer, .text), (.real, .text): textValue.map { .text($0) } ?? .null
        default: self
        }
    }

    /// Below 0 where the left value is less than the right one, 0 where they are equal, above 0 where it is greater.
    /// Nil where one is NULL.
    ///
    /// `affinity` is that of `Affinity.ofComparison`. As in SQLite, `text` changes nothing where neither value is a
    /// text.
    package static func order(
        _ left: AttributeValue, _ right: AttributeValue, affinity: Affinity?
    ) -> Int? {
        var affinity = affinity
        if affinity == .text, !left.isText, !right.isText { affinity = nil }
        return order(left.converted(to: affinity), right.converted(to: affinity))
    }

    /// The order of two values as they are: numbers by their exact value, then texts by their bytes. -0 equals 0.
    /// Nil where one is NULL.
    package static func order(_ left: AttributeValue, _ right: AttributeValue) -> Int? {
        switch (left, right) {
        case (.null, _), (_, .null): nil
        case (.integer(let left), .integer(let right)): left < right ? -1 : left > right ? 1 : 0
        case (.real(let left), .real(let right)): left < right ? -1 : left > right ? 1 : 0
        case (.integer(let left), .real(let right)): order(left, right)
        case (.real(let left), .integer(let right)): -order(right, left)
        case (.text(let left), .text(let right)): order(left, right)
        case (.text, _): 1
        case (_, .text): -1
        }
    }

    /// The order of an integer and a real, exact for every pair.
    package static func order(_ integer: Int64, _ real: Double) -> Int {
        let whole = real.rounded(.towardZero)
        guard let floor = Int64(exactly: whole) else { return real > 0 ? -1 : 1 }
        if integer != floor { return integer < floor ? -1 : 1 }
        return whole < real ? -1 : whole > real ? 1 : 0
    }

    /// The order of two texts by their bytes.
    package static func order(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Int {
        var rest = right.makeIterator()
        for byte in left {
            guard let other = rest.next() else { return 1 }
            if byte != other { return byte < other ? -1 : 1 }
        }
        return rest.next() == nil ? 0 : -1
    }

    /// Whether a condition of this value holds, nil for NULL: a number other than 0, or a text that begins with one.
    package var truth: Bool? {
        switch self {
        case .null: nil
        case .integer(let integer): integer != 0
        case .real(let real): real != 0
        case .text(let bytes): bytes.withUnsafeBufferPointer { NumericText($0).isTrue }
        }
    }

    /// The value of a condition: 1, 0, or NULL for nil.
    package init(truth: Bool?) {
        self =
            switch truth {
            case true?: .integer(1)
            case false?: .integer(0)
            case nil: .null
            }
    }

    /// The bytes of a text, or of a number as SQLite renders it; nil for NULL.
    package var textValue: [UInt8]? {
        switch self {
        case .null: nil
        case .integer(let integer): Array(String(integer).utf8)
        case .real(let real): SQLiteConversions.text(real)
        case .text(let bytes): bytes
        }
    }

    private var isText: Bool {
        if case .text = self { true } else { false }
    }
}
