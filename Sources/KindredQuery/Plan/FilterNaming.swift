import KindredDomain

/// What messages call the filters of a request: those of rows come first, then those of the boosts.
struct FilterNaming {
    private let rowFilters: RowFilters
    private let queryCount: Int
    private let boostCount: Int

    init(_ rowFilters: RowFilters, queryCount: Int, boostCount: Int) {
        self.rowFilters = rowFilters
        self.queryCount = queryCount
        self.boostCount = boostCount
    }

    /// Nil where the request has one filter.
    func name(ofText index: Int) -> String? {
        let rowCount = rowFilters.texts.count
        guard rowCount + boostCount > 1 else { return nil }
        guard index < rowCount else {
            return "the filter of the "
                + (boostCount == 1 ? "boost" : "\(Ordinal.text(index - rowCount)) boost")
        }
        guard let query = rowFilters.firstQuery(ofText: index) else { return "the filter of rows" }
        return "the filter of \(Ordinal.query(query, of: queryCount))"
    }
}
