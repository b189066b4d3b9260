import KindredDomain

/// Turns a request into a plan over one generation, in steps: a request may list 100,000 ids, and no step resolves
/// more than its caller allows.
///
/// An object, because it is large and passes through many hands on its way to a plan.
package final class RecommendPlanner {
    private enum Stage {
        /// The lists of ids that all queries share.
        case sharedLists
        /// The lists of one query.
        case ownLists(query: Int)
        case query(Int)
        case done
    }

    private let request: RecommendRequest
    private let scope: QueryScopePlanner
    private let scanPlanner: ScanPlanner
    private let rank: RankStage
    private let columns: [CatalogColumn]
    private var eligibility: EligibilityCompiler
    private var stage: Stage
    private var queries: [PlannedQuery] = []
    private var failures: [RecommendPlan.Failure] = []

    /// Checks everything but ids and vectors.
    package init(
        request: RecommendRequest, generation: Generation, scan: ScanMode = .auto
    ) throws(RequestFailure) {
        self.request = request
        scope = try QueryScopePlanner(scope: request.scope, generation: generation)
        scanPlanner = ScanPlanner(side: scope.target, mode: scan)
        rank = RankStage(k: Int(request.k))
        eligibility = EligibilityCompiler(request, planner: scanPlanner)
        stage = eligibility.hasLists ? .sharedLists : .query(0)
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

    /// Works on the plan until about `idCount` ids are resolved.
    package func step(idCount: Int) throws(RequestFailure) -> Step<RecommendPlan> {
        var budget = idCount
        while budget > 0 {
            switch stage {
            case .sharedLists:
                guard try eligibility.resolveShared(&budget) else { return .working }
                stage = beginning(ofQuery: 0)
            case .ownLists(let query):
                guard eligibility.resolveOwn(ofQuery: query, &budget) else { return .working }
                stage = .query(query)
            case .query(let query):
                plan(query)
                eligibility.endQuery()
                budget -= scope.cost(ofQuery: query)
                stage = query + 1 < request.scope.queries.count ? beginning(ofQuery: query + 1) : .done
            case .done:
                return .done(plan)
            }
        }
        if case .done = stage { return .done(plan) }
        return .working
    }

    private func beginning(ofQuery query: Int) -> Stage {
        eligibility.hasOwnLists ? .ownLists(query: query) : .query(query)
    }

    private var plan: RecommendPlan {
        RecommendPlan(
            generation: scope.generation, target: request.scope.target, side: scope.target, queries: queries,
            failures: failures, rank: rank, wantsScores: request.wantsScores, columns: columns)
    }

    private func plan(_ index: Int) {
        do throws(RequestFailure) {
            try eligibility.checkOwnLists()
            queries.append(try planned(index))
        } catch {
            failures.append(RecommendPlan.Failure(query: index, reason: error))
        }
    }

    private func planned(_ index: Int) throws(RequestFailure) -> PlannedQuery {
        let resolved = try scope.resolve(index)
        var minimum = -Float.infinity
        if !request.minimumScores.isEmpty {
            minimum = request.minimumScores[request.minimumScores.count == 1 ? 0 : index]
            guard minimum.isFinite else { throw .invalidArgument(.minimumScoreNotFinite(minimum)) }
        }
        let eligible = try eligibility.eligibility(ofQuery: index, members: resolved.members)
        return PlannedQuery(
            ranking: resolved.ranking, fetchCount: rank.fetchCount, minimumScore: minimum,
            eligibility: eligible,
            path: scanPlanner.path(fetchCount: rank.fetchCount, source: eligible.source))
    }
}
