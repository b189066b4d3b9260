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
        var building = GroupColumnBuilding(column, rowCount: rowCount)
        self.init(building.finish())
    }

    /// The values of a table of values: row r has `groups[offsets[r] ..< offsets[r + 1]]`, each once and below
    /// `count`. `offsets` has one element more than there are rows.
    package convenience init(offsets: [UInt32], groups: [UInt32], count: Int) {
        var building = GroupColumnBuilding(offsets: offsets, groups: groups, count: count)
        self.init(building.finish())
    }

    init(_ lists: GroupColumnBuilding.Lists) {
        count = lists.count
        rowCount = lists.groupOffsets.count - 1
        groupOffsets = lists.groupOffsets
        groups = lists.groups
        rowOffsets = lists.rowOffsets
        rows = lists.rows
    }

    /// Bytes of memory.
    package var byteCount: Int { 4 * (groupOffsets.count + groups.count + rowOffsets.count + rows.count) }

    /// The groups of a row, each once.
    package func groups(ofRow row: UInt32) -> ArraySlice<UInt32> {
        groups[Int(groupOffsets[Int(row)])..<Int(groupOffsets[Int(row) + 1])]
    }

    /// The places of a row's groups, for `group`. No slice, whose array would be counted as held.
    @inline(__always)
    func groupPlaces(ofRow row: UInt32) -> Range<Int> {
        Int(groupOffsets[Int(row)])..<Int(groupOffsets[Int(row) + 1])
    }

    /// The group at a place.
    @inline(__always)
    func group(_ place: Int) -> UInt32 { groups[place] }

    /// The rows of a group, ascending.
    package func rows(ofGroup group: UInt32) -> ArraySlice<UInt32> {
        rows[Int(rowOffsets[Int(group)])..<Int(rowOffsets[Int(group) + 1])]
    }
}
