import KindredDomain

extension ResolvedExpression {
    /// The same expression, of which every part that is the same for all rows is a constant. `evaluator` gives their
    /// values.
    ///
    /// Texts that are read as numbers become these numbers, so that no row reads them again.
    func folded(_ evaluator: RowEvaluator) -> ResolvedExpression {
        let parts = withFoldedParts(evaluator)
        guard parts.hasConstantParts else { return parts }
        return .constant(evaluator.value(parts, 0), nil)
    }

    private func withFoldedParts(_ evaluator: RowEvaluator) -> ResolvedExpression {
        switch self {
        case .constant, .column, .id: return self
        case .negative(let a): return .negative(a.folded(evaluator).asNumber)
        case .plus(let a): return .plus(a.folded(evaluator))
        case .not(let a): return .not(a.folded(evaluator).asTruth)
        case .and(let terms): return .and(terms.map { $0.folded(evaluator).asTruth })
        case .or(let terms): return .or(terms.map { $0.folded(evaluator).asTruth })
        case .arithmetic(let operation, let a, let b):
            return .arithmetic(operation, a.folded(evaluator).asNumber, b.folded(evaluator).asNumber)
        case .comparison(let comparison, let a, let b):
            let affinity = Affinity.ofComparison(a.affinity, b.affinity)
            return .comparison(
                comparison, a.folded(evaluator).converted(to: affinity),
                b.folded(evaluator).converted(to: affinity))
        case .isNull(let a): return .isNull(a.folded(evaluator))
        case .inList(let a, let list):
            let affinity = Affinity.ofComparison(a.affinity, nil)
            return .inList(
                a.folded(evaluator), list.map { $0.folded(evaluator).converted(to: affinity) })
        case .inSet(let a, let set): return .inSet(a.folded(evaluator), set)
        case .pattern(let a, let pattern): return .pattern(a.folded(evaluator), pattern)
        }
    }

    /// Whether it is an operation, and each of its parts a constant.
    private var hasConstantParts: Bool {
        switch self {
        case .constant, .column, .id, .inSet: false
        case .negative(let a), .plus(let a), .not(let a), .isNull(let a), .pattern(let a, _): a.isConstant
        case .and(let terms), .or(let terms): terms.allSatisfy(\.isConstant)
        case .arithmetic(_, let a, let b), .comparison(_, let a, let b): a.isConstant && b.isConstant
        case .inList(let a, let list): a.isConstant && list.allSatisfy(\.isConstant)
        }
    }

    private var isConstant: Bool { if case .constant = self { true } else { false } }

    /// A constant that is used as a condition.
    private var asTruth: ResolvedExpression {
        guard case .constant(.text(let bytes), _) = self else { return self }
        return .constant(AttributeValue(truth: AttributeValue.text(bytes).truth), nil)
    }

    /// A constant that arithmetic uses.
    private var asNumber: ResolvedExpression {
        guard case .constant(let value, let affinity) = self else { return self }
        return .constant(value.asOperand, affinity)
    }

    /// A constant that is compared under a numeric affinity, which turns texts into numbers.
    private func converted(to affinity: Affinity?) -> ResolvedExpression {
        guard case .constant(let value, let own) = self, affinity != .text else { return self }
        return .constant(value.converted(to: affinity), own)
    }

    /// Bytes of the texts among its constants.
    var textByteCount: Int {
        switch self {
        case .constant(.text(let bytes), _): bytes.count
        case .constant, .column, .id: 0
        case .negative(let a), .plus(let a), .not(let a), .isNull(let a), .inSet(let a, _),
            .pattern(let a, _):
            a.textByteCount
        case .and(let terms), .or(let terms): terms.reduce(0) { $0 + $1.textByteCount }
        case .arithmetic(_, let a, let b), .comparison(_, let a, let b): a.textByteCount + b.textByteCount
        case .inList(let a, let list): list.reduce(a.textByteCount) { $0 + $1.textByteCount }
        }
    }
}
