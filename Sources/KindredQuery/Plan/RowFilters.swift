import KindredDomain

/// The filters of a request that decide which rows a query may return: one for all queries, or one for each.
struct RowFilters {
    /// Each text once.
    let texts: [String]
    /// For each query the index of its text; nil: all rows pass. One element where all queries have the same.
    private let indices: [Int?]
    /// By text, the queries that have it; empty where all queries have the same.
    private let queryCounts: [Int]

    init(_ rules: RecommendRules) {
        if rules.queryFilters.isEmpty {
            texts = [rules.filter].compactMap(\.self)
            indices = [rules.filter == nil ? nil : 0]
            queryCounts = []
            return
        }
        var texts: [String] = []
        var counts: [Int] = []
        // By bytes: texts that are equal as Unicode may be different filters.
        var known: [[UInt8]: Int] = [:]
        indices = rules.queryFilters.map { text in
            guard !text.isEmpty else { return nil }
            let bytes = Array(text.utf8)
            if let index = known[bytes] {
                counts[index] += 1
                return index
            }
            known[bytes] = texts.count
            texts.append(text)
            counts.append(1)
            return texts.count - 1
        }
        self.texts = texts
        queryCounts = counts
    }

    /// How many of a request's queries have a text.
    func sharerCount(ofText index: Int, queryCount: Int) -> Int {
        isByQuery ? queryCounts[index] : queryCount
    }

    /// The first query that has a text; nil where it is the one filter of all queries.
    func firstQuery(ofText index: Int) -> Int? { isByQuery ? indices.firstIndex(of: index) : nil }

    /// Whether queries may have different filters.
    private var isByQuery: Bool { indices.count > 1 }

    /// The index of a query's text; nil: all rows pass.
    subscript(query: Int) -> Int? { isByQuery ? indices[query] : indices[0] }
}
