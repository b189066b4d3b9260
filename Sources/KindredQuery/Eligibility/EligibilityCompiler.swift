import KindredDomain

/// Compiles the eligibility of a request's queries from its lists of ids, in steps.
///
/// A list that all queries share is resolved once, before the first query. A query's own lists are resolved right
/// before the query is planned.
struct EligibilityCompiler {
    /// The lists that a request may have, in the order in which they are resolved.
    private enum ListKind: CaseIterable {
        case exclusions, candidates
    }

    /// The rows of the lists that are resolved, by kind.
    private struct ResolvedLists {
        var exclusions: RowSet?
        var candidates: RowSet?

        mutating func set(_ kind: ListKind, _ rows: RowSet) {
            switch kind {
            case .exclusions: exclusions = rows
            case .candidates: candidates = rows
            }
        }
    }

    /// A list that is being resolved.
    private struct OpenList {
        let ids: IDList
        let range: Range<Int>
        var next: Int
        var rows: RowSet
    }

    private let exclusionIDs: RaggedIDs?
    private let candidateIDs: RaggedIDs?
    private let includesMembers: Bool
    /// Rows that the scan of the first query has to find.
    var fetchCount: Int
    private let target: Side
    private let planner: ScanPlanner
    private let resolver: IDResolver

    private var shared = ResolvedLists()
    /// The lists of the query that is planned next.
    private var own = ResolvedLists()
    private var ownFailure: RequestFailure?
    /// Of `ListKind`, those before it are resolved.
    private var nextKind = 0
    private var open: OpenList?
    private var sources: SharedSources

    init(_ request: RecommendRequest, planner: ScanPlanner, limits: Limits) {
        exclusionIDs = request.exclusions
        candidateIDs = request.candidates
        includesMembers = request.includesMembers
        fetchCount = Int(request.k)
        target = request.scope.target
        self.planner = planner
        resolver = IDResolver(table: planner.side.table)
        sources = SharedSources(planner: planner, byteCountMax: Int(limits.maskBytesPerRequestMax))
    }

    /// True where the request has any list.
    var hasLists: Bool { exclusionIDs != nil || candidateIDs != nil }

    /// True where queries have lists of their own.
    var hasOwnLists: Bool { exclusionIDs?.offsets != nil || candidateIDs?.offsets != nil }

    private func ids(_ kind: ListKind) -> RaggedIDs? {
        switch kind {
        case .exclusions: exclusionIDs
        case .candidates: candidateIDs
        }
    }

    // MARK: Lists

    /// Resolves the lists that all queries share, at most `budget` ids. True once all are resolved.
    mutating func resolveShared(_ budget: inout Int) throws(RequestFailure) -> Bool {
        while nextKind < ListKind.allCases.count {
            let kind = ListKind.allCases[nextKind]
            if let lists = ids(kind), lists.offsets == nil {
                guard let rows = try resolve(lists, query: 0, &budget) else { return false }
                shared.set(kind, rows)
            }
            nextKind += 1
        }
        nextKind = 0
        return true
    }

    /// Resolves a query's own lists, at most `budget` ids. True once all are resolved.
    ///
    /// A mistake in a list is that query's failure, and the list is empty: `eligibility` throws it.
    mutating func resolveOwn(ofQuery query: Int, _ budget: inout Int) -> Bool {
        while nextKind < ListKind.allCases.count {
            let kind = ListKind.allCases[nextKind]
            if let lists = ids(kind), lists.offsets != nil {
                do throws(RequestFailure) {
                    guard let rows = try resolve(lists, query: query, &budget) else { return false }
                    own.set(kind, rows)
                } catch {
                    ownFailure = ownFailure ?? error
                    own.set(kind, RowSet(capacity: 0))
                }
            }
            nextKind += 1
        }
        nextKind = 0
        return true
    }

    /// The rows of one list; nil while there is more to resolve.
    private mutating func resolve(
        _ lists: RaggedIDs, query: Int, _ budget: inout Int
    ) throws(RequestFailure) -> RowSet? {
        var current: OpenList
        if let open {
            current = open
            self.open = nil
        } else {
            let range = lists.range(ofQuery: query)
            current = OpenList(
                ids: lists.ids, range: range, next: range.lowerBound, rows: RowSet(capacity: range.count))
        }
        let end = min(current.next + budget, current.range.upperBound)
        budget -= end - current.next
        for position in current.next..<end {
            if let row = try resolver.row(current.ids, position) { current.rows.insert(row) }
        }
        current.next = end
        if end == current.range.upperBound { return current.rows }
        open = current
        return nil
    }

    // MARK: Queries

    /// Throws the failure of the next query's own lists, if they have one.
    func checkOwnLists() throws(RequestFailure) {
        if let ownFailure { throw ownFailure }
    }

    /// Forgets the lists of the query that was planned.
    mutating func endQuery() {
        guard hasOwnLists else { return }
        own = ResolvedLists()
        ownFailure = nil
    }

    /// The eligibility of query `index`, whose lists are resolved and which is made of the target's rows `members`.
    /// `filter`: the rows that pass the query's filter, which `sharerCount` queries have. `seen`: the items that must
    /// not be in the answer since the query's users have seen them.
    mutating func eligibility(
        ofQuery index: Int, members: RowList, filter: RowMask? = nil, sharerCount: Int,
        seen: SeenRows? = nil
    ) throws(RequestFailure) -> Eligibility {
        let exclusions = Exclusions(
            shared: shared.exclusions, own: ownExclusions(with: includesMembers ? .none : members), seen: seen
        )
        guard let candidateIDs else {
            guard let filter else {
                return Eligibility(
                    exclusions: exclusions, count: planner.side.table.count - exclusions.count)
            }
            return try shared(filter, among: nil, exclusions, sharerCount: sharerCount)
        }
        let range = candidateIDs.range(ofQuery: index)
        guard !range.isEmpty else { throw .invalidArgument(.noCandidates) }
        guard let rows = own.candidates ?? shared.candidates, rows.count > 0 else {
            throw .noKnownCandidate(
                count: range.count, first: candidateIDs.ids[range.lowerBound], target)
        }
        if own.candidates == nil {
            return try shared(filter, among: rows, exclusions, sharerCount: sharerCount)
        }
        let eligible = filter?.intersection(rows) ?? rows
        return Eligibility(
            source: planner.source(of: eligible, sharerCount: 1, fetchCount: fetchCount),
            exclusions: exclusions, count: eligible.rows.count { !exclusions.contains($0) })
    }

    /// The eligibility of a query whose source others share.
    private mutating func shared(
        _ filter: RowMask?, among candidates: RowSet?, _ exclusions: Exclusions, sharerCount: Int
    ) throws(RequestFailure) -> Eligibility {
        let known = try sources.source(
            filter, among: candidates, without: exclusions.shared, sharerCount: sharerCount,
            fetchCount: fetchCount)
        let ownCount = exclusions.ownCount {
            (candidates?.contains($0) ?? true) && (filter?.contains(row: $0) ?? true)
        }
        return Eligibility(
            source: known.source, exclusions: exclusions, count: known.count - known.excludedCount - ownCount)
    }

    /// Makes what the queries of a filter share, for about `budget` look-ups of one id. True once it is made.
    mutating func prepare(_ filter: RowMask?, sharerCount: Int, _ budget: inout Int) -> Bool {
        guard let filter, candidateIDs == nil else { return true }
        return sources.prepare(filter, sharerCount: sharerCount, fetchCount: fetchCount, &budget)
    }

    /// The cost of the sources since the last call, in look-ups of one id, beside what `prepare` did.
    mutating func takeCost() -> Int { sources.takeCost() }

    /// The query's own exclusions with its members.
    private func ownExclusions(with members: RowList) -> RowSet? {
        guard !members.isEmpty else { return own.exclusions }
        let rows = RowSet(capacity: members.count + (own.exclusions?.count ?? 0))
        for row in own.exclusions?.rows ?? [] { rows.insert(row) }
        members.forEach { rows.insert($0) }
        return rows
    }
}
