import KindredDomain

/// Operators between and after values.
extension FilterParser {
    /// How tightly an operator binds, after the grammar of SQLite. Operators of one level associate to the left.
    enum Precedence: Int, Comparable {
        case or, and, not, equality, order, sum, product, sign

        static func < (one: Precedence, other: Precedence) -> Bool { one.rawValue < other.rawValue }

        var next: Precedence { Precedence(rawValue: rawValue + 1) ?? .sign }
    }

    private enum Operator {
        case or, and
        case comparison(FilterExpression.Comparison)
        case arithmetic(FilterExpression.Arithmetic)
        case `is`, isNull, notNull
        /// IN, BETWEEN, LIKE and GLOB.
        case test
        /// The NOT before such a test, or before NULL.
        case not

        var precedence: Precedence {
            switch self {
            case .or: .or
            case .and: .and
            case .comparison(.less), .comparison(.lessOrEqual), .comparison(.greater),
                .comparison(.greaterOrEqual):
                .order
            case .comparison, .is, .isNull, .notNull, .test, .not: .equality
            case .arithmetic(.times): .product
            case .arithmetic: .sum
            }
        }
    }

    /// An expression of operators that bind at least as tightly as `minimum`. `enclosing` is the number of levels
    /// around it. `isBetween`: an AND that is not part of an operand ends the expression.
    mutating func expression(
        _ minimum: Precedence, enclosing: Int, isBetween: Bool = false
    ) throws(FilterFailure) -> Operand {
        var left = try operand(enclosing: enclosing)
        while let next = try currentOperator(), next.precedence >= minimum {
            if isBetween, case .and = next { break }
            left = try extended(left, by: next, enclosing: enclosing)
        }
        return left
    }

    /// The operator that the current token is or begins, nil where it is none.
    private func currentOperator() throws(FilterFailure) -> Operator? {
        switch token.kind {
        case .comparison(let comparison): return .comparison(comparison)
        case .plus: return .arithmetic(.plus)
        case .minus: return .arithmetic(.minus)
        case .star: return .arithmetic(.times)
        case .keyword(.or): return .or
        case .keyword(.and): return .and
        case .keyword(.is): return .is
        case .keyword(.isnull): return .isNull
        case .keyword(.notnull): return .notNull
        case .keyword(.not): return .not
        case .keyword(.in), .keyword(.between), .keyword(.like), .keyword(.glob): return .test
        case .keyword(.match), .keyword(.regexp), .keyword(.collate):
            throw unsupported(tokenText.uppercased())
        case .unsupported: throw unexpected(wanted: "")
        default: return nil
        }
    }

    private mutating func extended(
        _ left: Operand, by next: Operator, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        switch next {
        case .or: return try chain(from: left, of: .or, enclosing: enclosing)
        case .and: return try chain(from: left, of: .and, enclosing: enclosing)
        case .comparison(let comparison):
            advance()
            let right = try expression(next.precedence.next, enclosing: enclosing + 1)
            return try node(
                .comparison(comparison, left.expression, right.expression), over: [left, right],
                enclosing: enclosing, at: position)
        case .arithmetic(let arithmetic):
            advance()
            let right = try expression(next.precedence.next, enclosing: enclosing + 1)
            return try node(
                .arithmetic(arithmetic, left.expression, right.expression), over: [left, right],
                enclosing: enclosing, at: position)
        case .is: return try identity(left, enclosing: enclosing)
        case .isNull, .notNull:
            advance()
            let isNegated = if case .notNull = next { true } else { false }
            return try node(
                .isNull(left.expression, isNegated: isNegated), over: [left], enclosing: enclosing,
                at: position)
        case .test: return try test(left, isNegated: false, enclosing: enclosing)
        case .not:
            advance()
            guard token.kind == .keyword(.null) else {
                return try test(left, isNegated: true, enclosing: enclosing)
            }
            advance()
            return try node(
                .isNull(left.expression, isNegated: true), over: [left], enclosing: enclosing, at: position)
        }
    }

    /// A chain of ANDs or of ORs. The current token is the first of them.
    private mutating func chain(
        from first: Operand, of precedence: Precedence, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        let keyword: FilterKeyword = precedence == .or ? .or : .and
        var terms = [first]
        while token.kind == .keyword(keyword) {
            advance()
            terms.append(try expression(precedence.next, enclosing: enclosing + 1))
        }
        return try chain(
            terms[...], of: precedence == .or ? FilterExpression.or : FilterExpression.and,
            enclosing: enclosing, at: position)
    }

    // MARK: IS

    private mutating func identity(_ left: Operand, enclosing: Int) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        advance()
        let isNegated = token.kind == .keyword(.not)
        if isNegated { advance() }
        if token.kind == .keyword(.distinct) {
            throw unsupported(
                "IS [NOT] DISTINCT FROM", wanted: "IS is the same as IS NOT DISTINCT FROM", at: position)
        }
        let right = try expression(.order, enclosing: enclosing + 1)
        if case .literal(.null) = right.expression {
            return try node(
                .isNull(left.expression, isNegated: isNegated), over: [left, right], enclosing: enclosing,
                at: position)
        }
        var tested = left
        if right.truth != nil {
            // `a IS TRUE` asks whether a is true, not whether it is 1. NOT NOT a is the truth of a as 1, 0 or NULL.
            for level in [2, 1] {
                tested = try node(
                    .not(tested.expression), over: [tested], enclosing: enclosing + level, at: position)
            }
        }
        return try node(
            .comparison(isNegated ? .notSame : .same, tested.expression, right.expression),
            over: [tested, right], enclosing: enclosing, at: position)
    }

    // MARK: IN, BETWEEN, LIKE, GLOB

    private mutating func test(
        _ left: Operand, isNegated: Bool, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        switch token.kind {
        case .keyword(.in): return try membership(left, isNegated: isNegated, enclosing: enclosing)
        case .keyword(.between): return try range(left, isNegated: isNegated, enclosing: enclosing)
        case .keyword(.like): return try pattern(.like, left, isNegated: isNegated, enclosing: enclosing)
        case .keyword(.glob): return try pattern(.glob, left, isNegated: isNegated, enclosing: enclosing)
        case .keyword(.match), .keyword(.regexp): throw unsupported(tokenText.uppercased())
        default: throw unexpected(wanted: "IN, BETWEEN, LIKE, GLOB or NULL" + afterPrevious)
        }
    }

    private mutating func range(
        _ left: Operand, isNegated: Bool, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        advance()
        let least = try expression(.or, enclosing: enclosing + 1, isBetween: true)
        guard token.kind == .keyword(.and) else {
            throw unexpected(wanted: "AND and the greatest value of BETWEEN")
        }
        advance()
        let greatest = try expression(.order, enclosing: enclosing + 1)
        return try node(
            .between(left.expression, least.expression, greatest.expression, isNegated: isNegated),
            over: [left, least, greatest], enclosing: enclosing, at: position)
    }

    private mutating func membership(
        _ left: Operand, isNegated: Bool, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        advance()
        if token.kind == .open {
            let list = try self.list(enclosing: enclosing + 1)
            var result = try node(
                .inList(left.expression, list.map(\.expression), isNegated: isNegated), over: [left] + list,
                enclosing: enclosing, at: position)
            // SQLite reads an IN without a list as TRUE or FALSE.
            if list.isEmpty { result.truth = isNegated }
            return result
        }
        let isText = if case .text = token.kind { true } else { false }
        if isText {
            throw unsupported(
                "text after IN", wanted: "write IN ('a', 'b'), or IN \"name\" for a table of values")
        }
        if case .parameter = token.kind {
            throw unexpected(wanted: "a list such as (:a, :b)" + afterPrevious)
        }
        guard let name = tokenName else {
            throw unexpected(wanted: "\"(\" or a table of values" + afterPrevious)
        }
        let set = FilterExpression.SetName(name, at: token.range.lowerBound)
        advance()
        switch token.kind {
        case .dot where ASCII.sameName(name, "seed"):
            throw unsupported("seed. after IN", wanted: "seed. has columns alone", at: set.position)
        case .dot: throw unsupported("names of schemas after IN", at: set.position)
        case .open: throw unsupported("functions, such as \(name)()", at: set.position)
        default: break
        }
        return try node(
            .inSet(left.expression, set, isNegated: isNegated), over: [left], enclosing: enclosing,
            at: position)
    }

    /// The values in parentheses after IN, which may be none.
    private mutating func list(enclosing: Int) throws(FilterFailure) -> [Operand] {
        advance()
        try refuseStatement()
        var list: [Operand] = []
        if token.kind != .close {
            list.append(try expression(.or, enclosing: enclosing))
            while token.kind == .comma {
                advance()
                list.append(try expression(.or, enclosing: enclosing))
            }
        }
        guard token.kind == .close else { throw unexpected(wanted: "\",\" or \")\"") }
        advance()
        return list
    }

    private mutating func pattern(
        _ kind: FilterExpression.Pattern, _ left: Operand, isNegated: Bool, enclosing: Int
    ) throws(FilterFailure) -> Operand {
        let position = token.range.lowerBound
        advance()
        let right = try expression(.order, enclosing: enclosing + 1)
        var escape: Operand?
        if token.kind == .keyword(.escape) {
            guard kind == .like else { throw unsupported("ESCAPE after GLOB", wanted: "write [*] for *") }
            advance()
            escape = try expression(.order, enclosing: enclosing + 1)
        }
        try checkPattern(right.expression, escape?.expression, at: position)
        return try node(
            .pattern(
                kind, left.expression, right.expression, escape: escape?.expression, isNegated: isNegated,
                position: position),
            over: [left, right] + (escape.map { [$0] } ?? []), enclosing: enclosing, at: position)
    }
}
