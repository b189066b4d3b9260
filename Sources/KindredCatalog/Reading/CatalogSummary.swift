import KindredDomain

/// What a catalog holds.
package struct CatalogSummary: Sendable, Equatable {
    /// One table.
    package struct Table: Sendable, Equatable {
        package let side: Side
        /// Without `id`, in the table's order.
        package let columns: [String]
        /// Entries.
        package let count: Int

        package init(side: Side, columns: [String], count: Int) {
            self.side = side
            self.columns = columns
            self.count = count
        }
    }

    /// At least one.
    package let tables: [Table]

    package init(tables: [Table]) { self.tables = tables }

    /// The columns of each side that has a table.
    package var columns: [Side: [String]] {
        Dictionary(tables.map { ($0.side, $0.columns) }, uniquingKeysWith: { first, _ in first })
    }
}
