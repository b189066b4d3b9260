import KindredDomain

/// Builds the groups of a column in steps, so that a side of millions of rows holds up no event loop.
struct GroupColumnBuilding {
    /// The lists of a `GroupColumn`.
    struct Lists {
        var count = 0
        var groupOffsets: [UInt32] = [0]
        var groups: [UInt32] = []
        var rowOffsets: [UInt32] = []
        var rows: [UInt32] = []
    }

    private enum Stage {
        /// The rows from this one on have no groups yet.
        case grouping(CatalogColumn, nextRow: Int)
        /// The values from this one on are not counted yet.
        case counting(next: Int)
        /// The counts from this group on are not summed yet.
        case summing(next: Int)
        /// The rows from this one on are in no group's list yet.
        case listing(nextRow: Int)
        case done
    }

    private let rowCount: Int
    private var stage: Stage
    private var lists = Lists()
    /// The numbers of values that are known by their bits.
    private var numbers: [UInt64: UInt32] = [:]
    /// Where the next row of each group goes.
    private var ends: [UInt32] = []

    init(_ column: CatalogColumn, rowCount: Int) {
        self.rowCount = rowCount
        stage = .grouping(column, nextRow: 0)
        lists.groupOffsets.reserveCapacity(rowCount + 1)
        lists.groups.reserveCapacity(rowCount)
        // A table that grows moves all of its numbers in one step.
        if case .text = column.values {} else { numbers.reserveCapacity(rowCount) }
    }

    /// `offsets` has one element more than there are rows.
    init(offsets: [UInt32], groups: [UInt32], count: Int) {
        rowCount = offsets.count - 1
        lists.groupOffsets = offsets
        lists.groups = groups
        lists.count = count
        stage = .counting(next: 0)
    }

    /// Does all steps.
    mutating func finish() -> Lists {
        while true {
            if case .done(let lists) = step(rowCount: .max) { return lists }
        }
    }

    /// Goes on for about `rowCount` rows.
    mutating func step(rowCount limit: Int) -> Step<Lists> {
        switch stage {
        case .grouping(let column, let first):
            let end = Self.end(first, limit, self.rowCount)
            group(column, first..<end)
            stage = end < self.rowCount ? .grouping(column, nextRow: end) : .counting(next: 0)
            if end == self.rowCount, case .text(_, let dictionary) = column.values {
                lists.count = dictionary.count
            } else {
                lists.count = numbers.count
            }
        case .counting(let first):
            if first == 0 { lists.rowOffsets = Array(repeating: 0, count: lists.count + 1) }
            let end = Self.end(first, limit, lists.groups.count)
            for group in lists.groups[first..<end] { lists.rowOffsets[Int(group) + 1] += 1 }
            stage = end < lists.groups.count ? .counting(next: end) : .summing(next: 0)
        case .summing(let first):
            let end = Self.end(first, limit, lists.count)
            for group in first..<end { lists.rowOffsets[group + 1] += lists.rowOffsets[group] }
            stage = end < lists.count ? .summing(next: end) : .listing(nextRow: 0)
        case .listing(let first):
            if first == 0 {
                ends = lists.rowOffsets
                lists.rows = Array(repeating: 0, count: lists.groups.count)
            }
            let end = Self.end(first, limit, self.rowCount)
            list(first..<end)
            if end < self.rowCount { stage = .listing(nextRow: end) } else { stage = .done }
        case .done: return .done(lists)
        }
        return .working
    }

    private static func end(_ first: Int, _ limit: Int, _ count: Int) -> Int {
        first + min(limit, count - first)
    }

    private mutating func group(_ column: CatalogColumn, _ rows: Range<Int>) {
        for row in rows {
            if column.present[row] {
                switch column.values {
                case .integers(let values): lists.groups.append(number(UInt64(bitPattern: values[row])))
                case .reals(let values): lists.groups.append(number((values[row] + 0).bitPattern))
                case .text(let codes, _): lists.groups.append(codes[row])
                }
            }
            lists.groupOffsets.append(UInt32(lists.groups.count))
        }
    }

    private mutating func number(_ bits: UInt64) -> UInt32 {
        if let known = numbers[bits] { return known }
        let next = UInt32(numbers.count)
        numbers[bits] = next
        return next
    }

    /// A counting sort by group keeps the order of the rows.
    private mutating func list(_ rows: Range<Int>) {
        for row in rows {
            let groups = Int(lists.groupOffsets[row])..<Int(lists.groupOffsets[row + 1])
            for group in lists.groups[groups] {
                lists.rows[Int(ends[Int(group)])] = UInt32(row)
                ends[Int(group)] += 1
            }
        }
    }
}
