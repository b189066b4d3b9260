import KindredDomain

/// The work of evaluating a filter over all rows, as its tree says it before names have values.
package enum FilterEstimate {
    /// About how many comparisons of a number with a constant take as long. `parameters` are the bound values. What
    /// patterns take on long texts is not in it.
    package static func comparisons(
        of expression: FilterExpression, parameters: [FilterParameter] = [], over table: FilterTable
    ) -> Int {
        var byteCounts: [String: Int] = [:]
        for parameter in parameters {
            if case .text(let bytes) = parameter.value { byteCounts[parameter.name] = bytes.count }
        }
        return comparisons(of: expression, byteCounts, over: table)
    }

    private static func comparisons(
        of expression: FilterExpression, _ byteCounts: [String: Int], over table: FilterTable
    ) -> Int {
        var sum = 0
        var open = [expression]
        while let next = open.popLast() {
            switch next {
            case .and(let a, let b), .or(let a, let b): open += [a, b]
            case .not(let a): open.append(a)
            default: sum += Condition(next, byteCounts, table).comparisons(over: table)
            }
        }
        return sum
    }

    /// A condition without AND, OR and NOT around its parts.
    private struct Condition {
        private var columns: Set<Int> = []
        private var sets: [Int] = []
        private var nodeCount = 0
        private var textByteCount = 0
        /// Whether each column stands for itself beside constants, so that blocks of rows are compared.
        private let isByBlocks: Bool

        init(_ expression: FilterExpression, _ byteCounts: [String: Int], _ table: FilterTable) {
            switch expression {
            case .column, .isNull(.column, _): isByBlocks = true
            case .comparison(_, let a, let b):
                isByBlocks = Self.isColumn(a) && Self.isLeaf(b) || Self.isLeaf(a) && Self.isColumn(b)
            case .between(let a, let b, let c, _):
                isByBlocks = Self.isColumn(a) && Self.isLeaf(b) && Self.isLeaf(c)
            case .inList(let a, let list, _): isByBlocks = Self.isColumn(a) && list.allSatisfy(Self.isLeaf)
            case .inSet(let a, _, _): isByBlocks = Self.isLeaf(a)
            default: isByBlocks = false
            }
            var open = [expression]
            while let next = open.popLast() {
                nodeCount += 1
                switch next {
                case .column(let name) where name.scope == .row:
                    let index = table.catalog.columns.firstIndex { SQLName.areEqual($0.name, name.name) }
                    columns.insert(index ?? -1)
                case .inSet(_, let name, _):
                    let index = table.catalog.sets.firstIndex { SQLName.areEqual($0.name, name.name) }
                    if let index { sets.append(index) }
                case .literal(.text(let bytes)): textByteCount += bytes.count
                case .parameter(let name, _): textByteCount += byteCounts[name] ?? 0
                default: break
                }
                open += FilterNames.parts(of: next)
            }
        }

        func comparisons(over table: FilterTable) -> Int {
            let rowCount = table.rowCount
            if columns.isEmpty, sets.isEmpty { return 1 }
            if sets.isEmpty, columns.count == 1, let column = columns.first, column >= 0,
                case .text(_, let texts) = table.catalog.columns[column].values
            {
                let cost = CodeTable.cost(nodeCount: nodeCount, textByteCount: textByteCount)
                return texts.count * cost + 2 * rowCount
            }
            guard isByBlocks else {
                return rowCount * BlockNode.rowCost(nodeCount: nodeCount, textByteCount: textByteCount)
            }
            let values = sets.reduce(0) { $0 + table.catalog.sets[$1].values.count }
            return values * FilterProgram.valueCost + rowCount * (sets.isEmpty ? 1 : 6)
        }

        private static func isColumn(_ expression: FilterExpression) -> Bool {
            if case .column(let name) = expression { name.scope == .row } else { false }
        }

        private static func isLeaf(_ expression: FilterExpression) -> Bool {
            switch expression {
            case .literal, .parameter: true
            case .column(let name): name.scope == .seed
            default: false
            }
        }
    }
}
