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
    private let queryCount: Int
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
    /// The source that the shared candidates and the shared filter make.
    private var sharedSource: (source: Eligibility.Source, count: Int)?
    /// Shared candidates that are in the shared exclusions.
    private var sharedOverlapCount: Int?

    init(_ request: RecommendRequest, planner: ScanPlanner) {
        exclusionIDs = request.exclusions
        candidateIDs = request.candidates
        includesMembers = request.includesMembers
        queryCount = request.scope.queries.count
        fetchCount = Int(request.k)
        target = request.scope.target
        self.planner = planner
        resolver = IDResolver(table: planner.side.table)
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
    /// `filter`: the rows that pass the request's filter; `isOwnFilter`: they are those of this query alone. `seen`:
    /// the items that must not be in the answer since the query's users have seen them.
    mutating func eligibility(
        ofQuery index: Int, members: RowList, filter: RowMask? = nil, isOwnFilter: Bool = false,
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
            return Eligibility(
                source: source(of: filter, isOwn: isOwnFilter), exclusions: exclusions,
                count: filter.count(without: exclusions))
        }
        let range = candidateIDs.range(ofQuery: index)
        guard !range.isEmpty else { throw .invalidArgument(.noCandidates) }
        let isShared = own.candidates == nil
        guard let rows = own.candidates ?? shared.candidates, rows.count > 0 else {
            throw .noKnownCandidate(
                count: range.count, first: candidateIDs.ids[range.lowerBound], target)
        }
        if let filter {
            return filtered(rows, filter, exclusions, isShared: isShared && !isOwnFilter)
        }
        let source: Eligibility.Source
        if isShared, let sharedSource {
            source = sharedSource.source
        } else {
            source = planner.source(
                of: rows, sharerCount: isShared ? queryCount : 1, fetchCount: fetchCount)
            if isShared { sharedSource = (source, rows.count) }
        }
        return Eligibility(
            source: source, exclusions: exclusions,
            count: rows.count - excludedCount(of: rows, exclusions, isShared: isShared))
    }

    /// The rows of a filter as a source. One that all queries share is made once.
    private mutating func source(of filter: RowMask, isOwn: Bool) -> Eligibility.Source {
        if !isOwn, let sharedSource { return sharedSource.source }
        let source = planner.source(
            of: filter, sharerCount: isOwn ? 1 : queryCount, fetchCount: fetchCount)
        if !isOwn { sharedSource = (source, filter.count) }
        return source
    }

    /// The eligibility of candidates that pass a filter.
    private mutating func filtered(
        _ candidates: RowSet, _ filter: RowMask, _ exclusions: Exclusions, isShared: Bool
    ) -> Eligibility {
        let (source, count): (Eligibility.Source, Int)
        if isShared, let sharedSource {
            (source, count) = sharedSource
        } else {
            let rows = filter.intersection(candidates)
            count = rows.count
            source = planner.source(
                of: rows, sharerCount: isShared ? queryCount : 1, fetchCount: fetchCount)
            if isShared { sharedSource = (source, count) }
        }
        let excluded = exclusions.count(among: { candidates.contains($0) && filter.contains(row: $0) })
        return Eligibility(source: source, exclusions: exclusions, count: count - excluded)
    }

    /// The query's own exclusions with its members.
    private func ownExclusions(with members: RowList) -> RowSet? {
        guard !members.isEmpty else { return own.exclusions }
        let rows = RowSet(capacity: members.count + (own.exclusions?.count ?? 0))
        for row in own.exclusions?.rows ?? [] { rows.insert(row) }
        members.forEach { rows.insert($0) }
        return rows
    }

    /// Candidates that are excluded. Shared lists are compared once.
    private mutating func excludedCount(
        of candidates: RowSet, _ exclusions: Exclusions, isShared: Bool
    ) -> Int {
        var count = 0
        if let shared = exclusions.shared {
            if isShared, let known = sharedOverlapCount {
                count = known
            } else {
                count = candidates.rows.count { shared.contains($0) }
                if isShared { sharedOverlapCount = count }
            }
        }
        for row in exclusions.own?.rows ?? [] where candidates.contains(row) {
            if !(exclusions.shared?.contains(row) ?? false) { count += 1 }
        }
        if let seen = exclusions.seen {
            let lists = Exclusions(shared: exclusions.shared, own: exclusions.own)
            seen.forEach { if candidates.contains($0), !lists.contains($0) { count += 1 } }
        }
        return count
    }
}
