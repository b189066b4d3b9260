import KindredDomain
import KindredModel

/// Request and generation to plan, in steps: a request may list 100,000 ids, and no step resolves more than
/// its caller allows.
///
/// An object: as a value of 520 bytes it was moved ten times on its way from a request to a plan.
package final class RecommendPlanner {
    private let request: RecommendRequest
    private let scope: QueryScopePlanner
    private let scanPlanner: ScanPlanner
    private let columns: [CatalogColumn]
    private let resolver: IDResolver
    private var sharedExclusions: RowSet?
    private var sharedCandidates: RowSet?
    /// How rows are found among the shared candidates.
    private var sharedCandidatesPlan: (path: PlannedQuery.Path, eligible: RowMask?)?
    /// Shared candidates that are in the shared exclusions.
    private var sharedOverlapCount: Int?
    private var list: OpenList?
    private let hasOwnLists: Bool
    private var stage: Stage
    private var own = OwnLists()
    private var queries: [PlannedQuery] = []
    private var failures: [RecommendPlan.Failure] = []

    private enum Stage {
        case sharedExclusions, sharedCandidates
        case exclusions(query: Int)
        case candidates(query: Int)
        case query(Int)
        case done
    }

    private struct OwnLists {
        var exclusions: RowSet?
        var candidates: RowSet?
        var failure: RequestFailure?
    }

    /// A list that is being resolved.
    private struct OpenList {
        let ids: IDList
        let range: Range<Int>
        var next: Int
        var rows: RowSet
    }

    /// Checks everything but ids and vectors.
    package init(
        request: RecommendRequest, generation: Generation, scan: ScanMode = .auto
    ) throws(RequestFailure) {
        self.request = request
        scope = try QueryScopePlanner(scope: request.scope, generation: generation)
        scanPlanner = ScanPlanner(side: scope.target, mode: scan)
        resolver = IDResolver(table: scope.target.table)
        let hasLists = request.exclusions != nil || request.candidates != nil
        hasOwnLists = request.exclusions?.offsets != nil || request.candidates?.offsets != nil
        stage = hasLists ? .sharedExclusions : .query(0)
        guard request.scope.queries.count > 0 else { throw .invalidArgument(.noQueries) }
        guard request.k > 0 else { throw .invalidArgument(.kIsZero) }
        var columns: [CatalogColumn] = []
        for name in request.columns {
            guard let column = scope.target.catalog?.column(named: name) else {
                let known = scope.target.catalog?.columns.map(\.name) ?? []
                throw .invalidArgument(.unknownColumn(name, request.scope.target, known: known))
            }
            columns.append(column)
        }
        self.columns = columns
        queries.reserveCapacity(request.scope.queries.count)
    }

    /// Works on the plan until about `idCount` ids are resolved. True once the plan is complete.
    package func step(idCount: Int) throws(RequestFailure) -> Bool {
        var budget = idCount
        while budget > 0 {
            switch stage {
            case .sharedExclusions:
                if let lists = request.exclusions, lists.offsets == nil {
                    guard let rows = try resolve(lists, query: 0, &budget) else { return false }
                    sharedExclusions = rows
                }
                stage = .sharedCandidates
            case .sharedCandidates:
                if let lists = request.candidates, lists.offsets == nil {
                    guard let rows = try resolve(lists, query: 0, &budget) else { return false }
                    sharedCandidates = rows
                }
                stage = beginning(ofQuery: 0)
            case .exclusions(let query):
                if let lists = request.exclusions, lists.offsets != nil {
                    guard let rows = resolveOwn(lists, query: query, &budget) else { return false }
                    own.exclusions = rows
                }
                stage = .candidates(query: query)
            case .candidates(let query):
                if let lists = request.candidates, lists.offsets != nil {
                    guard let rows = resolveOwn(lists, query: query, &budget) else { return false }
                    own.candidates = rows
                }
                stage = .query(query)
            case .query(let query):
                plan(query)
                if hasOwnLists { own = OwnLists() }
                budget -= scope.cost(ofQuery: query)
                stage = query + 1 < request.scope.queries.count ? beginning(ofQuery: query + 1) : .done
            case .done:
                return true
            }
        }
        if case .done = stage { return true }
        return false
    }

    private func beginning(ofQuery query: Int) -> Stage {
        hasOwnLists ? .exclusions(query: query) : .query(query)
    }

    /// The finished plan; only after `step` said so.
    package func finish() -> RecommendPlan {
        RecommendPlan(
            generation: scope.generation, target: request.scope.target, side: scope.target, queries: queries,
            failures: failures, wantsScores: request.wantsScores, columns: columns)
    }

    /// The rows of one list, or nil while there is more to resolve.
    private func resolve(
        _ lists: RaggedIDs, query: Int, _ budget: inout Int
    ) throws(RequestFailure) -> RowSet? {
        var open: OpenList
        if let list {
            open = list
            self.list = nil
        } else {
            let range = lists.range(ofQuery: query)
            open = OpenList(
                ids: lists.ids, range: range, next: range.lowerBound, rows: RowSet(capacity: range.count))
        }
        let end = min(open.next + budget, open.range.upperBound)
        budget -= end - open.next
        for position in open.next..<end {
            if let row = try resolver.row(open.ids, position) { open.rows.insert(row) }
        }
        open.next = end
        if end == open.range.upperBound { return open.rows }
        list = open
        return nil
    }

    /// A query's own list; a mistake in it is that query's failure, and the list empty.
    private func resolveOwn(_ lists: RaggedIDs, query: Int, _ budget: inout Int) -> RowSet? {
        do throws(RequestFailure) {
            return try resolve(lists, query: query, &budget)
        } catch {
            own.failure = own.failure ?? error
            return RowSet(capacity: 0)
        }
    }

    private func plan(_ index: Int) {
        do throws(RequestFailure) {
            if let failure = own.failure { throw failure }
            queries.append(try planned(index))
        } catch {
            failures.append(RecommendPlan.Failure(query: index, reason: error))
        }
    }

    private func planned(_ index: Int) throws(RequestFailure) -> PlannedQuery {
        let resolved = try scope.resolve(index)
        var ownRows = own.exclusions
        if !request.includesMembers, !resolved.members.isEmpty {
            let rows = RowSet(capacity: resolved.members.count + (ownRows?.count ?? 0))
            for row in ownRows?.rows ?? [] { rows.insert(row) }
            for row in resolved.members { rows.insert(row) }
            ownRows = rows
        }
        let exclusions = Exclusions(shared: sharedExclusions, own: ownRows)
        var minimum = -Float.infinity
        if !request.minimumScores.isEmpty {
            minimum = request.minimumScores[request.minimumScores.count == 1 ? 0 : index]
            guard minimum.isFinite else { throw .invalidArgument(.minimumScoreNotFinite(minimum)) }
        }
        let path: PlannedQuery.Path
        var mask: RowMask?
        var eligible = scope.target.table.count - exclusions.count
        if let lists = request.candidates {
            let range = lists.range(ofQuery: index)
            guard !range.isEmpty else { throw .invalidArgument(.noCandidates) }
            guard let rows = own.candidates ?? sharedCandidates, rows.count > 0 else {
                throw .noKnownCandidate(
                    count: range.count, first: lists.ids[range.lowerBound], request.scope.target)
            }
            if own.candidates == nil, let known = sharedCandidatesPlan {
                (path, mask) = known
            } else {
                (path, mask) = scanPlanner.plan(
                    k: Int(request.k), candidates: rows,
                    sharerCount: own.candidates == nil ? request.scope.queries.count : 1)
                if own.candidates == nil { sharedCandidatesPlan = (path, mask) }
            }
            eligible = rows.count - excludedCount(of: rows, exclusions, isShared: own.candidates == nil)
        } else {
            path = scanPlanner.path(k: Int(request.k), eligible: nil)
        }
        return PlannedQuery(
            vector: resolved.vector, scoring: resolved.scoring, k: Int(request.k), minimumScore: minimum,
            exclusions: exclusions, eligible: mask, path: path, rowsEligible: eligible)
    }

    /// Candidates that are excluded. Shared lists are compared once; what is a query's own has been charged for.
    private func excludedCount(of candidates: RowSet, _ exclusions: Exclusions, isShared: Bool)
        -> Int
    {
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
        return count
    }
}
