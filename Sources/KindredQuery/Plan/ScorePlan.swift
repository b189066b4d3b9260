import KindredDomain

/// The scores of given candidates, planned and computed in one pass, in steps.
package struct ScorePlan {
    private let request: ScoreRequest
    private let scope: QueryScopePlanner
    private let resolver: IDResolver
    private var query = 0
    private var open: OpenQuery?
    private var response: ScoreResponse

    /// A query that is being scored.
    private struct OpenQuery {
        let planned: QueryScopePlanner.Resolved
        let range: Range<Int>
        var next: Int
    }

    /// Checks the parts of the request that all queries share.
    package init(request: ScoreRequest, generation: Generation) throws(RequestFailure) {
        self.request = request
        scope = try QueryScopePlanner(scope: request.scope, generation: generation)
        resolver = IDResolver(table: scope.target.table)
        guard request.scope.queries.count > 0 else { throw .invalidArgument(.noQueries) }
        response = ScoreResponse(
            origin: AnswerOrigin(model: generation.name, version: generation.version), outcomes: [],
            offsets: [0], scores: [], found: [])
    }

    /// Scores about `candidateCount` candidates.
    package mutating func step(candidateCount: Int) -> Step<ScoreResponse> {
        var budget = candidateCount
        while budget > 0, query < request.scope.queries.count {
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
        var current: OpenQuery
        if let open {
            current = open
            self.open = nil
        } else {
            let range = request.candidates.range(ofQuery: query)
            guard !range.isEmpty else { throw .invalidArgument(.noCandidates) }
            current = OpenQuery(planned: try scope.resolve(query), range: range, next: range.lowerBound)
            budget -= scope.cost(ofQuery: query)
        }
        let end = min(current.next + max(budget, 1), current.range.upperBound)
        budget -= end - current.next
        for position in current.next..<end {
            if let row = try resolver.row(request.candidates.ids, position) {
                response.scores.append(score(row, current.planned))
                response.found.append(true)
            } else {
                response.scores.append(0)
                response.found.append(false)
            }
        }
        current.next = end
        guard end == current.range.upperBound else {
            open = current
            return
        }
        let found = response.found[Int(response.offsets[query])...].count { $0 }
        close(QueryOutcome(rowsEligible: UInt64(found), rowsScanned: UInt64(found)))
    }

    private mutating func close(_ outcome: QueryOutcome) {
        response.outcomes.append(outcome)
        response.offsets.append(UInt32(response.scores.count))
        open = nil
        query += 1
    }

    private func score(_ row: UInt32, _ planned: QueryScopePlanner.Resolved) -> Float {
        planned.ranking.score(ofRow: row, of: scope.target.table)
    }
}
