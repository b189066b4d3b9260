import KindredFilter

extension GenerationSide {
    /// What a filter over this side judges; nil where the side has no catalog.
    package var filterTable: FilterTable? {
        catalog.map { FilterTable(rowCount: table.count, catalog: $0, ids: table.ids) }
    }
}
