import KindredDomain

/// Literals, columns, parameters, signs, NOT and parentheses.
extension FilterParser {
    /// What stands where a value is expected. `enclosing` is the number of levels around it.
    mutating func operand(enclosing: Int) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        try checkDepth(enclosing, at: position)
        switch token.kind {
        case .number(let number):
            advance()
            var operand = try node(.literal(number.value), enclosing: enclosing, at: position)
            operand.number = number
            return operand
        case .text(let bytes):
            advance()
            if token.kind == .dot {
                throw unsupported("names in single quotes", wanted: "write \"name\"", at: position)
            }
            return try node(.literal(.text(bytes)), enclosing: enclosing, at: position)
        case .parameter(let name):
            advance()
            note(parameter: name, at: position)
            return try node(.parameter(name: name, position: position), enclosing: enclosing, at: position)
        case .name(let name, let isQuoted):
            return try named(name, isQuoted: isQuoted, enclosing: enclosing)
        case .keyword(let keyword):
            return try keyworded(keyword, enclosing: enclosing)
        case .plus, .minus:
            return try signed(enclosing: enclosing)
        case .open:
            return try parenthesized(enclosing: enclosing)
        default:
            throw unexpected(wanted: "a value" + afterPrevious)
        }
    }

    // MARK: Names

    private mutating func named(
        _ name: String, isQuoted: Bool, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        advance()
        switch token.kind {
        case .open: throw unsupported("functions, such as \(name)()", at: position)
        case .dot: return try qualified(name, at: position, enclosing: enclosing)
        default: break
        }
        if !isQuoted, let truth = Self.truth(name), !isColumn(name) {
            var operand = try node(.literal(.integer(truth ? 1 : 0)), enclosing: enclosing, at: position)
            operand.truth = truth
            return operand
        }
        return try node(
            .column(FilterExpression.ColumnName(.row, name, at: position)), enclosing: enclosing, at: position
        )
    }

    private static func truth(_ name: String) -> Bool? {
        if ASCII.sameName(name, "true") { return true }
        return ASCII.sameName(name, "false") ? false : nil
    }

    /// `seed.column`. The current token is the point.
    private mutating func qualified(
        _ qualifier: String, at position: Int, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        advance()
        let isText = if case .text = token.kind { true } else { false }
        if isText { throw unsupported("names in single quotes", wanted: "write \"name\"") }
        guard let column = tokenName else { throw unexpected(wanted: "a column's name" + afterPrevious) }
        advance()
        guard token.kind != .dot, ASCII.sameName(qualifier, "seed") else {
            throw unsupported(
                "names of tables", wanted: "write a column's name alone, or seed.name", at: position)
        }
        return try node(
            .column(FilterExpression.ColumnName(.seed, column, at: position)), enclosing: enclosing,
            at: position)
    }

    /// The current token as a name, if it may be one after a point or after IN.
    var tokenName: String? {
        switch token.kind {
        case .name(let name, _): name
        case .keyword(let keyword) where keyword.canBeName: tokenText
        default: nil
        }
    }

    private mutating func keyworded(
        _ keyword: FilterKeyword, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        switch keyword {
        case .null:
            advance()
            return try node(.literal(.null), enclosing: enclosing, at: position)
        case .not:
            advance()
            let operand = try expression(.not, enclosing: enclosing + 1)
            return try node(.not(operand.expression), over: [operand], enclosing: enclosing, at: position)
        case .like, .glob, .match, .regexp, .with:
            return try named(tokenText, isQuoted: false, enclosing: enclosing)
        case .case, .cast, .exists, .raise:
            throw unsupported(keyword.rawValue.uppercased())
        case .currentDate, .currentTime, .currentTimestamp:
            throw unsupported(
                keyword.rawValue.uppercased(),
                wanted: "bind a value, or write \"\(keyword.rawValue)\" for a column of this name")
        default:
            throw unexpected(
                wanted: "a value" + afterPrevious + " (in quotes, \(tokenText) is a column's name)")
        }
    }

    // MARK: Signs and parentheses

    private mutating func signed(enclosing: Int) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        let isMinus = token.kind == .minus
        advance()
        let operand = try self.operand(enclosing: enclosing + 1)
        if isMinus, let number = operand.number {
            guard let value = number.negated else {
                throw FilterFailure(
                    .syntax(found: "\"-0x8000000000000000\"", wanted: "an integer of 64 bits"), at: position)
            }
            return try node(.literal(value), over: [operand], enclosing: enclosing, at: position)
        }
        let expression: FilterExpression =
            isMinus ? .negative(operand.expression) : .plus(operand.expression)
        return try node(expression, over: [operand], enclosing: enclosing, at: position)
    }

    private mutating func parenthesized(enclosing: Int) throws(FilterFailure) -> Operand {
        advance()
        try refuseStatement()
        var operand = try expression(.or, enclosing: enclosing + 1)
        switch token.kind {
        case .close: break
        case .comma: throw unsupported("lists of values in parentheses outside IN")
        default: throw unexpected(wanted: "\")\" or an operator")
        }
        advance()
        operand.depth += 1
        return operand
    }

    /// Throws where a statement begins after an opening parenthesis.
    func refuseStatement() throws(FilterFailure) {
        switch token.kind {
        case .keyword(.select), .keyword(.values), .keyword(.with): throw unsupported(tokenText.uppercased())
        default: return
        }
    }
}
