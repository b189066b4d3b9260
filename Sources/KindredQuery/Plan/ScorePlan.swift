import KindredDomain
import KindredFilter

/// The scores of given candidates, planned and computed in one pass, in steps.
package struct ScorePlan {
    private enum Stage {
        /// The filter is evaluated, as far as all queries share it.
        case filter
        /// The next query's ids are looked up.
        case query
        /// The query's vector is folded in.
        case folding
        /// The query's own filter is evaluated.
        case ownFilter(QueryScopePlanner.Resolved?)
        /// The query's candidates are scored. Nil: nothing is known of it.
        case scoring(QueryScopePlanner.Resolved?, next: Int)
    }

    private let request: ScoreRequest
    private var scope: QueryScopePlanner
    private let resolver: IDResolver
    private let masks: FilterMasks?
    private var stage: Stage
    private var query = 0
    private var response: ScoreResponse

    /// Checks the parts of the request that all queries share.
    package init(
        request: ScoreRequest, generation: Generation, limits: Limits = .standard
    ) throws(RequestFailure) {
        self.request = request
        scope = try QueryScopePlanner(scope: request.scope, generation: generation)
        resolver = IDResolver(table: scope.target.table)
        guard request.scope.queries.count > 0 else { throw .invalidArgument(.noQueries) }
        if let filter = request.filter {
            masks = try FilterMasks(
                [filter.text], parameters: filter.parameters, over: request.scope.target, of: generation,
                seedSide: request.scope.queries.ownSide, limits: limits)
            stage = .filter
        } else {
            masks = nil
            stage = .query
        }
        response = ScoreResponse(
            origin: AnswerOrigin(model: generation.name, version: generation.version), outcomes: [],
            offsets: [0], scores: [], found: [])
    }

    /// The time until the candidates are scored, in look-ups of one id, before the first step.
    package var lookups: Int {
        scope.cost + (masks?.lookups(queryCount: request.scope.queries.count) ?? 0)
    }

    /// Bytes of evaluating the filter, before the first step: for one query at a time.
    package var byteCount: Int { masks?.byteCount(queryCount: 1, perQuery: 1) ?? 0 }

    /// Whether the last step found nothing to do, since another request evaluates the filter.
    package var isWaiting: Bool { masks?.isWaiting ?? false }

    /// How the masks of the filter were found.
    package var filterCounts: FilterCounts { masks?.counts ?? FilterCounts() }

    /// Scores about `candidateCount` candidates. Throws where the request as a whole has no answer.
    package mutating func step(candidateCount: Int) throws(RequestFailure) -> Step<ScoreResponse> {
        var budget = candidateCount
        while budget > 0, query < request.scope.queries.count {
            if case .filter = stage {
                guard try masks?.resolveShared(&budget) ?? true else { return .working }
                stage = .query
                continue
            }
            do throws(RequestFailure) {
                try advance(&budget)
            } catch {
                // Removes the scores that the query had before it failed.
                let start = Int(response.offsets[query])
                response.scores.removeSubrange(start...)
                response.found.removeSubrange(start...)
                close(QueryOutcome(failure: error))
                budget -= 1
            }
        }
        return query == request.scope.queries.count ? .done(response) : .working
    }

    private mutating func advance(_ budget: inout Int) throws(RequestFailure) {
        switch stage {
        case .filter: preconditionFailure("the shared filter comes before the queries")
        case .query:
            guard !request.candidates.range(ofQuery: query).isEmpty else {
                throw .invalidArgument(.noCandidates)
            }
            budget -= scope.cost(ofQuery: query)
            if let found = try scope.begin(query) { take(found.value) } else { stage = .folding }
        case .folding:
            let count = budget
            budget = 0
            if let found = try scope.step(productCount: count * QueryBatch.productsPerLookup) {
                take(found.value)
            }
        case .ownFilter(let resolved):
            guard let masks, try !masks.resolveOwn([0], seed: scope.seed(of: resolved), &budget) else {
                return begin(resolved)
            }
        case .scoring(let resolved, let next): try score(resolved, next, &budget)
        }
    }

    /// Goes on with a query that is looked up.
    private mutating func take(_ resolved: QueryScopePlanner.Resolved?) {
        if masks?.hasOwn == true {
            stage = .ownFilter(resolved)
        } else {
            begin(resolved)
        }
    }

    private mutating func begin(_ resolved: QueryScopePlanner.Resolved?) {
        stage = .scoring(resolved, next: request.candidates.range(ofQuery: query).lowerBound)
    }

    private mutating func score(
        _ resolved: QueryScopePlanner.Resolved?, _ next: Int, _ budget: inout Int
    ) throws(RequestFailure) {
        let range = request.candidates.range(ofQuery: query)
        let end = min(next + max(budget, 1), range.upperBound)
        budget -= end - next
        let filter = masks?.mask(0)
        for position in next..<end {
            let row = try resolver.row(request.candidates.ids, position)
            if let resolved, let row, filter?.contains(row: row) ?? true {
                response.scores.append(resolved.ranking.score(ofRow: row, of: scope.target.table))
                response.found.append(true)
            } else {
                response.scores.append(0)
                response.found.append(false)
            }
        }
        guard end == range.upperBound else {
            stage = .scoring(resolved, next: end)
            return
        }
        let found = response.found[Int(response.offsets[query])...].count { $0 }
        close(QueryOutcome(rowsEligible: UInt64(found), rowsScanned: UInt64(found)))
    }

    private mutating func close(_ outcome: QueryOutcome) {
        response.outcomes.append(outcome)
        response.offsets.append(UInt32(response.scores.count))
        masks?.endQuery()
        stage = .query
        query += 1
    }
}
