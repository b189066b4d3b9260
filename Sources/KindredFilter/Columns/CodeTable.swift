import KindredDomain

/// A condition of one column of texts, with its truth for each distinct text: found once, whatever the number of rows.
struct CodeTable: Sendable {
    /// Bits of a truth: 1 for true, 2 for NULL, none for false.
    static let isTrue: UInt8 = 1
    static let isNull: UInt8 = 2

    /// The codes that are true, where they are a range without NULLs.
    enum Form: Sendable {
        case range(first: UInt32, last: UInt32)
        case any(hasNulls: Bool)
        case none
    }

    let column: Int
    /// The work of one text, in comparisons of a number with a constant.
    let textCost: Int
    private let expression: ResolvedExpression
    /// Of a row without a value.
    let ofNull: UInt8
    /// By code, as far as they have been found.
    private(set) var truths: [UInt8] = []
    private let textCount: Int
    private var first: UInt32?
    private var last: UInt32 = 0
    private var trueCount = 0
    private var hasNulls = false

    init(_ expression: ResolvedExpression, column: Int, in table: FilterTable, work: PatternWork) {
        self.expression = expression
        self.column = column
        textCost = Self.cost(nodeCount: expression.nodeCount, textByteCount: expression.textByteCount)
        let evaluator = RowEvaluator(table, replacing: (column, .null), work: work)
        ofNull = Self.bits(evaluator.truth(expression, 0))
        textCount = Self.texts(column, table).count
        truths.reserveCapacity(textCount)
    }

    var isComplete: Bool { truths.count == textCount }

    /// Comparisons of a number with a constant in the time of a step of `PatternWork`.
    static let comparisonsPerStep = 4

    /// The work of one text for an expression of so many nodes, with constants of so many bytes of text, in comparisons
    /// of a number with a constant.
    static func cost(nodeCount: Int, textByteCount: Int) -> Int {
        200 + BlockNode.rowCost(nodeCount: nodeCount, textByteCount: textByteCount)
    }

    /// Distinct texts of a column.
    static func textCount(_ column: Int, _ table: FilterTable) -> Int { texts(column, table).count }

    /// Finds the truths of further texts, for about as long as so many comparisons take, at least of one. Returns how
    /// many it took.
    mutating func extend(comparisons: Int, in table: FilterTable, work: PatternWork) -> Int {
        let texts = Self.texts(column, table)
        let start = work.steps
        var taken = 0
        var done = 0
        while !isComplete, !work.isExceeded, done == 0 || taken < comparisons {
            let text = Array(texts[truths.count])
            let evaluator = RowEvaluator(table, replacing: (column, .text(text)), work: work)
            work.begin()
            work.read(byteCount: text.count)
            add(evaluator.truth(expression, 0))
            done += 1
            taken = done * textCost + (work.steps - start) * Self.comparisonsPerStep
        }
        return taken
    }

    private mutating func add(_ truth: Bool?) {
        let code = truths.count
        truths.append(Self.bits(truth))
        if truth == nil { hasNulls = true }
        guard truth == true else { return }
        trueCount += 1
        last = UInt32(code)
        first = first ?? last
    }

    /// Of a complete table.
    var form: Form {
        guard let first else { return hasNulls ? .any(hasNulls: true) : .none }
        guard !hasNulls, trueCount == Int(last - first) + 1 else { return .any(hasNulls: hasNulls) }
        return .range(first: first, last: last)
    }

    private static func texts(_ column: Int, _ table: FilterTable) -> TextList {
        guard case .text(_, let dictionary) = table.catalog.columns[column].values else { return TextList() }
        return dictionary
    }

    static func bits(_ truth: Bool?) -> UInt8 {
        switch truth {
        case true?: isTrue
        case false?: 0
        case nil: isNull
        }
    }
}

/// A constant that is looked for in a table of values, with the values there that it equals.
struct SetTable: Sendable {
    let set: Int
    let match: SetMatch
    /// By code, as far as they have been compared: 1 for a match, else 0.
    private(set) var isMatch: [UInt8] = []
    private let valueCount: Int

    init(_ match: SetMatch, set: Int, in table: FilterTable) {
        self.match = match
        self.set = set
        valueCount = table.catalog.sets[set].values.count
        isMatch.reserveCapacity(valueCount)
    }

    var isComplete: Bool { isMatch.count == valueCount }

    /// Compares at most so many values more.
    mutating func extend(by count: Int, in table: FilterTable) {
        let values = table.catalog.sets[set].values
        for code in isMatch.count..<min(isMatch.count + count, valueCount) {
            isMatch.append(match.matches(values[code]) ? 1 : 0)
        }
    }
}
