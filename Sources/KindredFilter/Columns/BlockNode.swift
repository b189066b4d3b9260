import KindredDomain

/// A condition in the form in which blocks of rows evaluate it.
indirect enum BlockNode: Sendable {
    /// The same for all rows; nil for NULL.
    case constant(Bool?)
    /// Where the column has a value.
    case present(column: Int)
    /// NULL where the column has no value.
    case integers(column: Int, IntegerRange)
    case reals(column: Int, RealRange)
    /// The rows of ranges, which ascend and have no row in common.
    case ranges([Range<Int>])
    /// Whether a number is one of a list, which ascends.
    case integerList(column: Int, [Int64])
    case realList(column: Int, [Double])
    /// A condition of one column of texts, by its table of `CodeTable`s.
    case codes(table: Int)
    /// A table of values, by its table of `SetTable`s.
    case set(table: Int)
    /// Row by row.
    case rows(ResolvedExpression)
    case not(BlockNode)
    /// False where the condition is NULL.
    case known(BlockNode)
    case and([BlockNode])
    case or([BlockNode])

    /// The work of one row, in comparisons of a number with a constant.
    var cost: Int {
        switch self {
        case .constant, .present: 1
        case .integers, .reals, .ranges: 1
        case .codes: 2
        case .integerList(_, let list): 4 + list.count.bitWidthOfValue * 4
        case .realList(_, let list): 4 + list.count.bitWidthOfValue * 4
        case .set: 6
        case .rows(let expression):
            Self.rowCost(nodeCount: expression.nodeCount, textByteCount: expression.textByteCount)
        case .not(let node), .known(let node): node.cost
        case .and(let nodes), .or(let nodes): nodes.reduce(0) { $0 + $1.cost }
        }
    }

    /// The work of one row for an expression of so many nodes, with constants of so many bytes of text, which is
    /// evaluated row by row. Each row may read a text several times.
    static func rowCost(nodeCount: Int, textByteCount: Int) -> Int { 100 * nodeCount + 4 * textByteCount }

    /// The part of `cost` that is evaluated row by row.
    var costByRows: Int {
        switch self {
        case .rows: cost
        case .not(let node), .known(let node): node.costByRows
        case .and(let nodes), .or(let nodes): nodes.reduce(0) { $0 + $1.costByRows }
        default: 0
        }
    }

    /// Conditions nested in each other.
    var depth: Int {
        switch self {
        case .not(let node), .known(let node): node.depth
        case .and(let nodes), .or(let nodes): 1 + (nodes.map(\.depth).max() ?? 0)
        default: 1
        }
    }

    /// Whether any part is evaluated row by row: such terms come last, so that others spare them rows.
    var isByRows: Bool {
        switch self {
        case .rows: true
        case .not(let node), .known(let node): node.isByRows
        case .and(let nodes), .or(let nodes): nodes.contains(where: \.isByRows)
        default: false
        }
    }
}

extension Int {
    /// Bits of the number: the steps of a binary search among so many.
    fileprivate var bitWidthOfValue: Int { Int.bitWidth - leadingZeroBitCount }
}

extension ResolvedExpression {
    /// Operators, columns and constants.
    var nodeCount: Int {
        switch self {
        case .constant, .column, .id: 1
        case .negative(let a), .plus(let a), .not(let a), .isNull(let a), .inSet(let a, _),
            .pattern(let a, _):
            1 + a.nodeCount
        case .and(let terms), .or(let terms): 1 + terms.reduce(0) { $0 + $1.nodeCount }
        case .arithmetic(_, let a, let b), .comparison(_, let a, let b): 1 + a.nodeCount + b.nodeCount
        case .inList(let a, let list): 1 + list.reduce(a.nodeCount) { $0 + $1.nodeCount }
        }
    }
}
