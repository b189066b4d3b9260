import KindredDomain

/// Makes the patterns of one filter ready. A pattern that several terms name is made once, so that they share its
/// memory.
final class PatternCompiler {
    /// A constant of the filter, by what it is in the text.
    private enum Constant: Hashable {
        case literal(AttributeValue)
        case parameter(String)
        case seed(String)

        /// Nil for other expressions, whose values are not remembered.
        init?(_ expression: FilterExpression) {
            switch expression {
            case .literal(let value): self = .literal(value)
            case .parameter(let name, _): self = .parameter(name)
            case .column(let name) where name.scope == .seed: self = .seed(name.name)
            default: return nil
            }
        }
    }

    private struct Key: Hashable {
        let isLike: Bool
        let pattern: Constant
        let escape: Constant?
    }

    private let work: PatternWork
    private var made: [Key: TextPattern] = [:]

    init(_ work: PatternWork) { self.work = work }

    /// The pattern of an expression with the value `text`. Nil where the filter is refused.
    func pattern(
        _ kind: FilterExpression.Pattern, _ expression: FilterExpression, _ text: [UInt8],
        escape: FilterExpression?, _ escapeText: [UInt8]?
    ) throws(TextPattern.Refusal) -> TextPattern? {
        let key = key(kind, expression, escape)
        if let key, let pattern = made[key] { return pattern }
        // A pattern that is too long is refused as such, and takes no work.
        try TextPattern.check(text)
        guard work.takesPattern(byteCount: text.count) else { return nil }
        let pattern =
            switch kind {
            case .like: try TextPattern(like: text, escape: escapeText)
            case .glob: try TextPattern(glob: text)
            }
        if let key { made[key] = pattern }
        return pattern
    }

    private func key(
        _ kind: FilterExpression.Pattern, _ pattern: FilterExpression, _ escape: FilterExpression?
    ) -> Key? {
        guard let constant = Constant(pattern) else { return nil }
        let isLike = kind == .like
        guard let escape else { return Key(isLike: isLike, pattern: constant, escape: nil) }
        return Constant(escape).map { Key(isLike: isLike, pattern: constant, escape: $0) }
    }
}
