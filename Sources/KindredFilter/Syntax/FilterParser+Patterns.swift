import KindredDomain

/// Patterns and escapes that are literals or bound values are checked before any row is judged.
extension FilterParser {
    /// Throws for a pattern or an escape that SQLite refuses. Those that depend on a row are checked with the row.
    func checkPattern(
        _ pattern: FilterExpression, _ escape: FilterExpression?, at position: Int
    ) throws(FilterFailure) {
        // NULL as a pattern or an escape is right: nothing matches it.
        let escape = escape.flatMap { constant($0)?.textValue }
        guard let text = constant(pattern)?.textValue ?? (escape == nil ? nil : []) else { return }
        do {
            try TextPattern.check(text, escape: escape)
        } catch {
            throw FilterFailure(error.reason, at: position)
        }
    }

    private func constant(_ expression: FilterExpression) -> AttributeValue? {
        switch expression {
        case .literal(let value): value
        case .parameter(let name, _): values[name]
        default: nil
        }
    }
}

extension TextPattern.Refusal {
    /// Why a filter with the pattern is refused.
    package var reason: FilterFailure.Reason {
        switch self {
        case .tooLong(let bytes, let limit):
            .unsupported("patterns of \(bytes) bytes", wanted: "at most \(limit) bytes")
        case .escape(let text):
            .syntax(
                found: "\"\(String(decoding: text, as: UTF8.self))\"", wanted: "one character after ESCAPE")
        }
    }
}
