/// A column's preference for a type, which decides how its values are compared.
///
/// An expression that is no column has none, which is nil. See https://www.sqlite.org/datatype3.html, sections 3.1
/// and 4.2.
package enum Affinity: Sendable, Hashable, CaseIterable {
    case blob, text, numeric, integer, real

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
