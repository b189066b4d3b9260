import KindredDomain
import Synchronization

/// The groups of one side's columns, each made when a request first caps it. Replicas of the side share one.
package final class GroupColumns: Sendable {
    private let columns = Mutex<[String: GroupColumn]>([:])

    package init() {}

    /// The groups of a column or of a table of values; nil where the catalog has none of that name.
    func column(named name: String, of side: GenerationSide) -> GroupColumn? {
        if let known = columns.withLock({ $0[name] }) { return known }
        guard let catalog = side.catalog, let made = Self.make(name, catalog, rowCount: side.table.count) else {
            return nil
        }
        // Another thread may have made the same meanwhile.
        return columns.withLock { columns in
            if let known = columns[name] { return known }
            columns[name] = made
            return made
        }
    }

    private static func make(_ name: String, _ catalog: CatalogColumns, rowCount: Int) -> GroupColumn? {
        if let column = catalog.column(named: name) { return GroupColumn(column, rowCount: rowCount) }
        guard let set = catalog.sets.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return nil }
        return GroupColumn(offsets: set.offsets, groups: set.codes, count: set.values.count)
    }
}
