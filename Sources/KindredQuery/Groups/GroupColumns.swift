import KindredDomain
import Synchronization

/// The groups of one side's columns, each built when a request first caps it. Replicas of the side share one.
package final class GroupColumns: Sendable {
    private let columns = Mutex<[String: GroupColumn]>([:])

    package init() {}

    /// The groups of a column that are built; nil where they are not.
    func column(named name: String) -> GroupColumn? { columns.withLock { $0[name] } }

    /// Keeps the groups of a column. Returns those of another thread where it was first.
    func keep(_ column: GroupColumn, named name: String) -> GroupColumn {
        columns.withLock { columns in
            if let known = columns[name] { return known }
            columns[name] = column
            return column
        }
    }

    /// Begins to build the groups of a column or of a table of values, for all rows of a side; nil where its catalog
    /// has none of that name.
    static func building(
        _ name: String, of catalog: CatalogColumns?, rowCount: Int
    ) -> GroupColumnBuilding? {
        guard let catalog else { return nil }
        if let column = catalog.column(named: name) {
            return GroupColumnBuilding(column, rowCount: rowCount)
        }
        guard let set = catalog.sets.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            return nil
        }
        return GroupColumnBuilding(offsets: set.offsets, groups: set.codes, count: set.values.count)
    }
}
