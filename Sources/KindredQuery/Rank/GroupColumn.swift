import KindredDomain

/// The groups of all rows of one side by one attribute: rows with a common value are a group. Built once for a
/// generation and an attribute, and shared by all requests.
///
/// Two compressed lists: the groups of each row, and the rows of each group. About 12 bytes for each value of a row.
package final class GroupColumn: Sendable {
    /// Groups. Their numbers are `0 ..< count`, and some may have no row.
    package let count: Int
    /// Rows of the side.
    package let rowCount: Int
    /// Row r has the groups `groups[groupOffsets[r] ..< groupOffsets[r + 1]]`, each once.
    private let groupOffsets: [UInt32]
    private let groups: [UInt32]
    /// Group g has the rows `rows[rowOffsets[g] ..< rowOffsets[g + 1]]`, ascending.
    private let rowOffsets: [UInt32]
    private let rows: [UInt32]

    /// The values of a catalog's column. NULL is in no group, and -0 in the group of 0.
    package convenience init(_ column: CatalogColumn, rowCount: Int) {
        var numbers: [UInt64: UInt32] = [:]
        /// The number of a value that is known by its bits.
        func number(_ bits: UInt64) -> UInt32 {
            if let known = numbers[bits] { return known }
            let next = UInt32(numbers.count)
            numbers[bits] = next
            return next
        }
        var offsets: [UInt32] = [0]
        var groups: [UInt32] = []
        offsets.reserveCapacity(rowCount + 1)
        groups.reserveCapacity(rowCount)
        for row in 0..<rowCount {
            if column.present[row] {
                switch column.values {
                case .integers(let values): groups.append(number(UInt64(bitPattern: values[row])))
                case .reals(let values): groups.append(number((values[row] + 0).bitPattern))
                case .text(let codes, _): groups.append(codes[row])
                }
            }
            offsets.append(UInt32(groups.count))
        }
        let count: Int
        if case .text(_, let dictionary) = column.values {
            count = dictionary.count
        } else {
            count = numbers.count
        }
        self.init(offsets: offsets, groups: groups, count: count)
    }

    /// The values of a multi-valued attribute: row r has `groups[offsets[r] ..< offsets[r + 1]]`, each once and below
    /// `count`. `offsets` has one element more than there are rows.
    package init(offsets: [UInt32], groups: [UInt32], count: Int) {
        self.count = count
        rowCount = offsets.count - 1
        groupOffsets = offsets
        self.groups = groups
        // A counting sort by group keeps the order of the rows.
        var ends = Array(repeating: UInt32(0), count: count + 1)
        for group in groups { ends[Int(group) + 1] += 1 }
        for group in 0..<count { ends[group + 1] += ends[group] }
        rowOffsets = ends
        var rows = Array(repeating: UInt32(0), count: groups.count)
        for row in 0..<offsets.count - 1 {
            for group in groups[Int(offsets[row])..<Int(offsets[row + 1])] {
                rows[Int(ends[Int(group)])] = UInt32(row)
                ends[Int(group)] += 1
            }
        }
        self.rows = rows
    }

    /// Bytes of memory.
    package var byteCount: Int { 4 * (groupOffsets.count + groups.count + rowOffsets.count + rows.count) }

    /// The groups of a row, each once.
    package func groups(ofRow row: UInt32) -> ArraySlice<UInt32> {
        groups[Int(groupOffsets[Int(row)])..<Int(groupOffsets[Int(row) + 1])]
    }

    /// The rows of a group, ascending.
    package func rows(ofGroup group: UInt32) -> ArraySlice<UInt32> {
        rows[Int(rowOffsets[Int(group)])..<Int(rowOffsets[Int(group) + 1])]
    }
}
