import KindredDomain
import KindredFilter
import KindredModel

/// Turns a request into a plan over one generation, in steps: a request may list 100,000 ids, and no step resolves
/// more than its caller allows.
///
/// An object, because it is large and passes through many hands on its way to a plan.
package final class RecommendPlanner {
    private enum Stage {
        /// The filters that all queries share, and the groups of the caps.
        case rules
        /// The lists of ids that all queries share.
        case sharedLists
        /// The lists of one query.
        case ownLists(query: Int)
        /// The query's ids are looked up.
        case query(Int)
        /// The query's vector is folded in.
        case folding(Int)
        /// The query's own filters are evaluated, and the rows that its filter keeps are listed.
        case filters(Int, LookedUp<QueryScopePlanner.Resolved>)
        case done
    }

    private let request: RecommendRequest
    private var scope: QueryScopePlanner
    private let scanPlanner: ScanPlanner
    private var rules: RulePlanner?
    private var rank: RankStage
    private let columns: [CatalogColumn]
    private var eligibility: EligibilityCompiler
    private var stage: Stage
    private var queries: [PlannedQuery] = []
    private var others: [RecommendPlan.Other] = []
    private var unknownCounts: [UInt32] = []
    private var ownItems: [OwnItems] = []
    /// Look-ups that take as long as what was done in the last step beside looking up ids.
    private var spent = 0

    /// Checks everything but ids and vectors.
    package init(
        request: RecommendRequest, generation: Generation, scan: ScanMode = .auto, limits: Limits = .standard
    ) throws(RequestFailure) {
        self.request = request
        scope = try QueryScopePlanner(scope: request.scope, generation: generation)
        scanPlanner = ScanPlanner(side: scope.target, mode: scan)
        eligibility = EligibilityCompiler(request, planner: scanPlanner, limits: limits)
        guard request.scope.queries.count > 0 else { throw .invalidArgument(.noQueries) }
        guard request.k > 0 else { throw .invalidArgument(.kIsZero) }
        rank = RankStage(k: Int(request.k))
        if let asked = request.rules {
            rules = try RulePlanner(asked, request: request, generation: generation, limits: limits)
            stage = .rules
        } else {
            stage = eligibility.hasLists ? .sharedLists : .query(0)
        }
        if request.scope.unknownIDs == .fallback {
            guard generation.popularity != nil, request.scope.target == .items else {
                throw .invalidArgument(.noPopularity(request.scope.target))
            }
        }
        var columns: [CatalogColumn] = []
        for name in request.columns {
            guard let column = scope.target.catalog?.column(named: name) else {
                let known = scope.target.catalog?.columns.map(\.name) ?? []
                let isSet = scope.target.catalog?.sets.contains { $0.name == name } ?? false
                throw .invalidArgument(
                    .unknownColumn(name, request.scope.target, known: known, isSet: isSet))
            }
            columns.append(column)
        }
        self.columns = columns
        queries.reserveCapacity(request.scope.queries.count)
    }

    /// The generation that answers the request.
    package var generation: Generation { scope.generation }

    /// The cost of the request, before the first step.
    package var cost: PlanningCost {
        var cost = PlanningCost()
        cost.lookups =
            scope.cost + (request.exclusions?.ids.count ?? 0) + (request.candidates?.ids.count ?? 0)
        cost.fetchCountMax = rank.fetchCount
        cost.byteCount = request.scope.queries.foldInByteCount(dimension: generation.dimension)
        let queryCount = request.scope.queries.count
        if let rules {
            rules.add(to: &cost, queryCount: queryCount)
        } else {
            cost.hold(foundCount: queryCount * min(rank.fetchCount, scope.target.table.count))
        }
        return cost
    }

    /// Whether the last step found nothing to do, since another request evaluates a filter.
    package var isWaiting: Bool { rules?.isWaiting ?? false }

    /// How the masks of the request's filters were found; nil where it has no rules.
    package var filterCounts: FilterCounts? { rules?.filterCounts }

    /// Works on the plan until about `idCount` ids are resolved.
    package func step(idCount: Int) throws(RequestFailure) -> Step<RecommendPlan> {
        var budget = idCount
        while budget > 0 {
            switch stage {
            case .rules:
                guard let found = try rules?.resolveShared(&budget) else { return .working }
                rank = found
                eligibility.fetchCount = found.fetchCount
                stage = eligibility.hasLists ? .sharedLists : .query(0)
            case .sharedLists:
                guard try eligibility.resolveShared(&budget) else { return .working }
                stage = beginning(ofQuery: 0)
            case .ownLists(let query):
                guard eligibility.resolveOwn(ofQuery: query, &budget) else { return .working }
                stage = .query(query)
            case .query(let query):
                budget -= scope.cost(ofQuery: query)
                attempt(query) { () throws(RequestFailure) in
                    try eligibility.checkOwnLists()
                    if let found = try scope.begin(query) {
                        try take(query, found)
                    } else {
                        stage = .folding(query)
                    }
                }
            case .folding(let query):
                let count = budget
                budget = 0
                attempt(query) { () throws(RequestFailure) in
                    if let found = try scope.step(productCount: count * QueryBatch.productsPerLookup) {
                        try take(query, found)
                    }
                }
            case .filters(let query, let found):
                attempt(query) { () throws(RequestFailure) in
                    let seed = scope.seed(of: found.value)
                    guard let rules, try rules.resolveOwn(query, seed: seed, &budget),
                        eligibility.prepare(
                            rules.filter(ofQuery: query), sharerCount: rules.sharerCount(ofQuery: query),
                            &budget)
                    else { return }
                    try finish(query, found)
                }
            case .done:
                return .done(plan)
            }
            budget -= spent
            spent = 0
        }
        if case .done = stage { return .done(plan) }
        return .working
    }

    /// Does a step of a query. A failure is that query's alone.
    private func attempt(_ query: Int, _ body: () throws(RequestFailure) -> Void) {
        do throws(RequestFailure) {
            try body()
        } catch {
            others.append(RecommendPlan.Other(query: query, kind: .failure(error)))
            end(query, unknownCount: 0)
        }
    }

    private func beginning(ofQuery query: Int) -> Stage {
        eligibility.hasOwnLists ? .ownLists(query: query) : .query(query)
    }

    /// Goes on to the next query.
    private func end(_ query: Int, unknownCount: Int) {
        if request.scope.unknownIDs != .strict { unknownCounts.append(UInt32(clamping: unknownCount)) }
        eligibility.endQuery()
        rules?.endQuery()
        stage = query + 1 < request.scope.queries.count ? beginning(ofQuery: query + 1) : .done
    }

    private func take(
        _ query: Int, _ found: LookedUp<QueryScopePlanner.Resolved>
    ) throws(RequestFailure) {
        if rules?.hasFilters == true {
            stage = .filters(query, found)
        } else {
            try finish(query, found)
        }
    }

    /// Plans a query whose filters are evaluated.
    private func finish(
        _ query: Int, _ found: LookedUp<QueryScopePlanner.Resolved>
    ) throws(RequestFailure) {
        if let rules { spent += rules.cost(of: found.value) }
        switch found {
        case .known(let resolved, let unknownCount): try plan(query, resolved, unknownCount: unknownCount)
        case .empty(let unknownCount):
            others.append(RecommendPlan.Other(query: query, kind: .empty))
            end(query, unknownCount: unknownCount)
        case .fallback(let unknownCount):
            let eligible = try eligible(query, nil)
            others.append(RecommendPlan.Other(query: query, kind: .popular(eligible)))
            end(query, unknownCount: unknownCount)
        }
    }

    private var plan: RecommendPlan {
        RecommendPlan(
            generation: scope.generation, target: request.scope.target, side: scope.target, queries: queries,
            others: others, rank: rank, wantsScores: request.wantsScores, columns: columns,
            unknownCounts: request.scope.unknownIDs == .strict ? nil : unknownCounts,
            ownItems: request.rules?.wantsBecause == true ? ownItems : nil)
    }

    private func plan(
        _ index: Int, _ resolved: QueryScopePlanner.Resolved, unknownCount: Int
    ) throws(RequestFailure) {
        var minimum = -Float.infinity
        if !request.minimumScores.isEmpty {
            minimum = request.minimumScores[request.minimumScores.count == 1 ? 0 : index]
            guard minimum.isFinite else { throw .invalidArgument(.minimumScoreNotFinite(minimum)) }
        }
        let eligible = try eligible(index, resolved)
        let fetchCount = rank.fetchCount(ofQuery: index)
        let boosts = try rules?.boosts(of: resolved.ranking, fetchCount: fetchCount)
        queries.append(
            PlannedQuery(
                ranking: resolved.ranking, fetchCount: fetchCount, minimumScore: minimum,
                eligibility: eligible,
                boosts: boosts, path: scanPlanner.path(fetchCount: fetchCount, source: eligible.source)))
        if request.rules?.wantsBecause == true {
            ownItems.append(rules?.ownItems(of: resolved) ?? .rows([]))
        }
        end(index, unknownCount: unknownCount)
    }

    /// The rows that a query may return. Nil: a query of which nothing is known.
    private func eligible(
        _ index: Int, _ resolved: QueryScopePlanner.Resolved?
    ) throws(RequestFailure) -> Eligibility {
        let eligible = try eligibility.eligibility(
            ofQuery: index, members: resolved?.members ?? .none, filter: rules?.filter(ofQuery: index),
            sharerCount: rules?.sharerCount(ofQuery: index) ?? request.scope.queries.count,
            seen: resolved.flatMap { rules?.seen(of: $0) })
        spent += eligibility.takeCost()
        try rules?.hold(eligible)
        return eligible
    }
}
