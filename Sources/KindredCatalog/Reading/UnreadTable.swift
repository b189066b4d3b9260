import KindredDomain

/// A table of a catalog that is named as a table of values and is none. Nothing reads it.
package struct UnreadTable: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// It has other columns than `id` and `value`.
        case columns([String])
        /// The catalog has no table of the side.
        case noSide
    }

    /// The table's own name.
    package let name: String
    package let side: Side
    package let reason: Reason

    package init(name: String, side: Side, reason: Reason) {
        self.name = name
        self.side = side
        self.reason = reason
    }

    /// Those of the sides, in the order of the schema. Throws as `CatalogReader` does. `shownAs`: the path that errors
    /// name in place of its own.
    package static func all(
        of sides: [Side], path: String, shownAs shownPath: String? = nil, budget: ReadBudget = ReadBudget()
    ) throws(CatalogFailure) -> [UnreadTable] {
        let database = try ImmutableDatabase(path: path, shownAs: shownPath, budget: budget)
        var unread: [UnreadTable] = []
        for side in sides {
            let isThere = try !SetTable.columns(of: side.description, in: database).isEmpty
            for name in try SetTable.names(of: side, in: database) {
                let columns = try SetTable.columns(of: name, in: database)
                if !SetTable.areThose(columns) {
                    unread.append(UnreadTable(name: name, side: side, reason: .columns(columns)))
                } else if !isThere {
                    unread.append(UnreadTable(name: name, side: side, reason: .noSide))
                }
            }
        }
        return unread
    }
}

extension UnreadTable: CustomStringConvertible {
    /// The table, why it is not read, and what it would need.
    package var description: String {
        let table = "the table \(CatalogFailure.quoted(name)) of the catalog is not read"
        switch reason {
        case .columns(let columns):
            return "\(table): its columns are \(NameList(inOrder: columns).names); "
                + "a table of values has two, id and value"
        case .noSide:
            return "\(table): it has values of \(side), and the catalog has no table \"\(side)\""
        }
    }
}
