import KindredDomain

/// An expression whose names are resolved: each column is one of a table, each parameter and each column of the seed a
/// constant.
indirect enum ResolvedExpression: Sendable {
    /// The affinity is that of a column of the seed, else nil.
    case constant(AttributeValue, Affinity?)
    /// A column of the catalog, by its index.
    case column(Int, Affinity)
    case id(Affinity)
    case negative(ResolvedExpression)
    case plus(ResolvedExpression)
    case not(ResolvedExpression)
    /// At least two terms.
    case and([ResolvedExpression])
    case or([ResolvedExpression])
    case arithmetic(FilterExpression.Arithmetic, ResolvedExpression, ResolvedExpression)
    case comparison(FilterExpression.Comparison, ResolvedExpression, ResolvedExpression)
    case isNull(ResolvedExpression)
    case inList(ResolvedExpression, [ResolvedExpression])
    /// Whether a value is in a table of values, by its index.
    case inSet(ResolvedExpression, Int)
    /// The pattern is nil where it, or its escape character, is NULL.
    case pattern(ResolvedExpression, TextPattern?)

    /// The affinity with which the expression is compared.
    var affinity: Affinity? {
        switch self {
        case .constant(_, let affinity): affinity
        case .column(_, let affinity), .id(let affinity): affinity
        default: nil
        }
    }

    /// What the value of an expression depends on.
    struct Dependence {
        var columns: Set<Int> = []
        /// On the row's id or on a table of values.
        var others = false

        var isConstant: Bool { columns.isEmpty && !others }
    }

    var dependence: Dependence {
        var found = Dependence()
        collect(&found)
        return found
    }

    private func collect(_ found: inout Dependence) {
        switch self {
        case .constant: break
        case .column(let index, _): found.columns.insert(index)
        case .id: found.others = true
        case .negative(let a), .plus(let a), .not(let a), .isNull(let a), .pattern(let a, _):
            a.collect(&found)
        case .and(let terms), .or(let terms): for term in terms { term.collect(&found) }
        case .arithmetic(_, let a, let b), .comparison(_, let a, let b):
            a.collect(&found)
            b.collect(&found)
        case .inList(let a, let list):
            a.collect(&found)
            for element in list { element.collect(&found) }
        case .inSet(let a, _):
            a.collect(&found)
            found.others = true
        }
    }
}
