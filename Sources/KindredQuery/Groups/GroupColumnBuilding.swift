import KindredDomain

/// Builds the groups of a column in steps, so that a side of millions of rows holds up no event loop.
///
/// It cannot be copied: with a second owner, each step would copy the lists.
struct GroupColumnBuilding: ~Copyable {
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
        /// The counts, and after them the places of the rows, from this one on are not 0 yet.
        case clearing(next: Int)
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
        stage = .clearing(next: 0)
    }

    /// Bytes that a building takes, at most. `numbered` values are known by their bits.
    static func byteCount(rowCount: Int, valueCount: Int, groupCount: Int, numbered: Int) -> Int {
        let lists = (rowCount + 2 * valueCount + 2 * groupCount + 3) * MemoryLayout<UInt32>.stride
        guard numbered > 0 else { return lists }
        // A table of a power of two, of which three quarters at most are used.
        var slots = 8
        while slots * 3 / 4 < numbered { slots *= 2 }
        return lists + slots * (MemoryLayout<UInt64>.stride + MemoryLayout<UInt32>.stride)
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
            stage = end < self.rowCount ? .grouping(column, nextRow: end) : .clearing(next: 0)
            if end == self.rowCount, case .text(_, let dictionary) = column.values {
                lists.count = dictionary.count
            } else {
                lists.count = numbers.count
            }
        case .clearing(let first):
            let end = Self.end(first, limit, lists.count + 1 + lists.groups.count)
            clear(first..<end)
            stage = end <= lists.count + lists.groups.count ? .clearing(next: end) : .counting(next: 0)
        case .counting(let first):
            let end = Self.end(first, limit, lists.groups.count)
            for group in lists.groups[first..<end] { lists.rowOffsets[Int(group) + 1] += 1 }
            stage = end < lists.groups.count ? .counting(next: end) : .summing(next: 0)
        case .summing(let first):
            let end = Self.end(first, limit, lists.count)
            for group in first..<end {
                ends.append(lists.rowOffsets[group])
                lists.rowOffsets[group + 1] += lists.rowOffsets[group]
            }
            stage = end < lists.count ? .summing(next: end) : .listing(nextRow: 0)
        case .listing(let first):
            let end = Self.end(first, limit, self.rowCount)
            list(first..<end)
            if end < self.rowCount { stage = .listing(nextRow: end) } else { stage = .done }
        case .done: return .done(lists)
        }
        return .working
    }

    /// Sets counts and places to 0. Their memory is reserved at once and touched in steps.
    private mutating func clear(_ range: Range<Int>) {
        if range.lowerBound == 0 {
            lists.rowOffsets.reserveCapacity(lists.count + 1)
            lists.rows.reserveCapacity(lists.groups.count)
            ends.reserveCapacity(lists.count)
        }
        let counts = range.clamped(to: 0..<lists.count + 1).count
        lists.rowOffsets.append(contentsOf: repeatElement(0, count: counts))
        lists.rows.append(contentsOf: repeatElement(0, count: range.count - counts))
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
