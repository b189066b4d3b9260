import KindredDomain
import Synchronization

/// The groups of one side's columns, each built when a request first caps it, as many as the limits allow. Replicas of
/// the side share one.
package final class GroupColumns: Sendable {
    /// The column that was used last comes last.
    private let columns = Mutex<[(name: String, column: GroupColumn)]>([])

    package init() {}

    /// The groups of a column that are built; nil where they are not.
    func column(named name: String) -> GroupColumn? { columns.withLock { Self.use(name, &$0) } }

    /// Keeps the groups of a column. Returns those of another thread where it was first.
    func keep(_ column: GroupColumn, named name: String) -> GroupColumn {
        // Freed after the lock.
        var gone: GroupColumn?
        defer { _ = gone }
        return columns.withLock { columns in
            if let known = Self.use(name, &columns) { return known }
            if columns.count >= Limits.groupColumnsKeptMax { gone = columns.removeFirst().column }
            columns.append((name, column))
            return column
        }
    }

    /// Columns whose groups are kept.
    package var count: Int { columns.withLock { $0.count } }

    private static func use(
        _ name: String, _ columns: inout [(name: String, column: GroupColumn)]
    ) -> GroupColumn? {
        guard let place = columns.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            return nil
        }
        let found = columns[place]
        if place < columns.count - 1 {
            columns.remove(at: place)
            columns.append(found)
        }
        return found.column
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
