import KindredDomain

/// Reads the text of a filter into the tree of its expression.
///
/// Precedence and associativity are those of SQLite's grammar, from loose to tight: OR, AND, NOT, then `= <> IS IN LIKE
/// GLOB BETWEEN` and the tests for NULL, then `< <= > >=`, then `+ -`, then `*`, then the signs.
///
/// The depth of a filter is that of its tree, with one level for each pair of parentheses, sign, NOT, operator and
/// list. A chain of n ANDs or of n ORs becomes a balanced tree, which has the same value and the depth log2 n.
package struct FilterParser {
    let limits: Limits
    let isColumn: (String) -> Bool
    private let text: [UInt8]
    private var lexer: FilterLexer
    /// The token to be read next.
    private(set) var token: FilterToken
    /// The token before it, for messages.
    private var previous: FilterToken?
    private var nodeCount = 0
    /// The parameters of the text in the order of their first places.
    private var parameters: [(name: String, position: Int)] = []
    private var parameterNames: Set<String> = []
    /// The filter's values by name.
    let values: [String: AttributeValue]

    /// The expression of a filter whose parameters have exactly the filter's values.
    ///
    /// `isColumn` decides what TRUE and FALSE mean: as in SQLite, they are columns where there are columns of these
    /// names.
    package static func parse(
        _ filter: Filter, limits: Limits = .standard, isColumn: @escaping (String) -> Bool = { _ in false }
    ) throws(FilterFailure) -> FilterExpression {
        let bytes = filter.text.utf8.count
        guard bytes <= limits.filterBytesMax else {
            throw FilterFailure(.tooLong(bytes: bytes, limit: Int(limits.filterBytesMax)), at: 0)
        }
        let values = filter.parameters.count
        guard values <= limits.filterValuesMax else {
            throw FilterFailure(.tooManyValues(values, limit: Int(limits.filterValuesMax)), at: 0)
        }
        var parser = FilterParser(filter, limits, isColumn)
        let expression = try parser.whole()
        try ParameterCheck.check(filter.parameters, named: parser.parameters)
        return expression
    }

    private init(_ filter: Filter, _ limits: Limits, _ isColumn: @escaping (String) -> Bool) {
        values = Dictionary(
            filter.parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.limits = limits
        self.isColumn = isColumn
        text = Array(filter.text.utf8)
        lexer = FilterLexer(text)
        token = lexer.next()
    }

    private mutating func whole() throws(FilterFailure) -> FilterExpression {
        if token.kind == .end { throw FilterFailure(.empty, at: token.range.lowerBound) }
        let operand = try expression(.or, enclosing: 0)
        guard token.kind == .end else { throw unexpected(wanted: "an operator or the end") }
        return operand.expression
    }

    // MARK: Tokens

    mutating func advance() {
        previous = token
        token = lexer.next()
    }

    /// The current token as it is written.
    var tokenText: String { String(decoding: text[token.range], as: UTF8.self) }

    /// The text of a token in quotes, or `end of text`.
    private func shown(_ token: FilterToken) -> String {
        if token.kind == .end { return "end of text" }
        return "\"" + String(decoding: text[token.range], as: UTF8.self) + "\""
    }

    /// The failure of the current token. A token that SQLite has is named as such.
    func unexpected(wanted: String) -> FilterFailure {
        let position = token.range.lowerBound
        switch token.kind {
        case .unsupported(let name, let instead):
            return FilterFailure(.unsupported(name, wanted: instead), at: position)
        case .unreadable(let only) where !only.isEmpty:
            return FilterFailure(.syntax(found: shown(token), wanted: only), at: position)
        default:
            return FilterFailure(.syntax(found: shown(token), wanted: wanted), at: position)
        }
    }

    /// ` after "<"`, or nothing at the beginning.
    var afterPrevious: String { previous.map { " after \(shown($0))" } ?? "" }

    func unsupported(_ name: String, wanted: String = "", at position: Int? = nil) -> FilterFailure {
        FilterFailure(.unsupported(name, wanted: wanted), at: position ?? token.range.lowerBound)
    }

    // MARK: Nodes

    /// An expression with what the parser needs to know of it.
    struct Operand {
        let expression: FilterExpression
        /// Levels below this one, parentheses and signs included.
        var depth = 0
        /// The number that is the whole expression, whose sign a minus changes.
        var number: NumberLiteral?
        /// TRUE, FALSE, or an IN without a list: `IS` before it asks for a truth.
        var truth: Bool?
    }

    /// A node over its operands, within the limits. `enclosing` is the number of levels around it.
    mutating func node(
        _ expression: FilterExpression, over operands: [Operand] = [], enclosing: Int, at position: Int
    ) throws(FilterFailure) -> Operand {
        nodeCount += 1
        guard nodeCount <= limits.filterNodesMax else {
            throw FilterFailure(.tooManyNodes(limit: Int(limits.filterNodesMax)), at: position)
        }
        let depth = operands.map { $0.depth + 1 }.max() ?? 0
        try checkDepth(enclosing + depth, at: position)
        return Operand(expression: expression, depth: depth)
    }

    func checkDepth(_ depth: Int, at position: Int) throws(FilterFailure) {
        guard depth <= limits.filterDepthMax else {
            throw FilterFailure(.tooDeep(limit: Int(limits.filterDepthMax)), at: position)
        }
    }

    /// A balanced tree of the terms of a chain, at least one.
    mutating func chain(
        _ terms: ArraySlice<Operand>, of join: (FilterExpression, FilterExpression) -> FilterExpression,
        enclosing: Int, at position: Int
    ) throws(FilterFailure) -> Operand {
        if terms.count == 1 { return terms[terms.startIndex] }
        let middle = terms.startIndex + (terms.count + 1) / 2
        let left = try chain(terms[..<middle], of: join, enclosing: enclosing + 1, at: position)
        let right = try chain(terms[middle...], of: join, enclosing: enclosing + 1, at: position)
        return try node(
            join(left.expression, right.expression), over: [left, right], enclosing: enclosing, at: position)
    }

    mutating func note(parameter name: String, at position: Int) {
        if parameterNames.insert(name).inserted { parameters.append((name, position)) }
    }
}
