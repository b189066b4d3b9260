/// A column's preference for a type, which decides how its values are compared.
///
/// An expression that is no column has none, which is nil. See https://www.sqlite.org/datatype3.html, sections 3.1
/// and 4.2.
package enum Affinity: Sendable, Hashable, CaseIterable {
    case blob, text, numeric, integer, real

    /// The affinity that SQLite gives to a column of a declared type, such as `VARCHAR(20)`. The empty type gives
    /// `blob`.
    package init(declaredType: String) {
        var found = Affinity.numeric
        var last: UInt32 = 0
        for byte in declaredType.utf8 {
            last = last << 8 | UInt32(ASCII.lowercased(byte))
            switch last {
            case Self.word("char"), Self.word("clob"), Self.word("text"): found = .text
            case Self.word("blob") where found == .numeric || found == .real: found = .blob
            case Self.word("real") where found == .numeric: found = .real
            case Self.word("floa") where found == .numeric: found = .real
            case Self.word("doub") where found == .numeric: found = .real
            default: break
            }
            if last & 0xFF_FFFF == Self.word("int") {
                self = .integer
                return
            }
        }
        self = declaredType.isEmpty ? .blob : found
    }

    private static func word(_ letters: StaticString) -> UInt32 {
        letters.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// Whether columns of this affinity hold numbers where they can.
    package var isNumeric: Bool {
        switch self {
        case .numeric, .integer, .real: true
        case .blob, .text: false
        }
    }

    /// How both sides of a comparison are converted: `numeric`, `text`, or nil for not at all.
    ///
    /// Of two columns a numeric one decides, and without one nothing is converted. Beside an expression without
    /// affinity, the column decides.
    package static func ofComparison(_ left: Affinity?, _ right: Affinity?) -> Affinity? {
        if let left, let right {
            return left.isNumeric || right.isNumeric ? .numeric : nil
        }
        switch left ?? right {
        case .numeric, .integer, .real: return .numeric
        case .text: return .text
        case .blob, nil: return nil
        }
    }
}
