internal import KindredDomain
internal import KindredWire

/// Checks an answer to RECOMMEND against its request, query by query.
struct RecommendCheck {
    let request: RecommendRequest
    let answer: RecommendReply

    /// A query in a message.
    private func name(of query: Int) -> String { Ordinal.query(query, of: request.scope.queries.count) }

    /// Throws PROTOCOL_ERROR when the answer does not fit the request.
    func check() throws(KindredError) {
        try ReplyCheck.check(answer.origin, model: request.scope.model, version: request.scope.version)
        let isEmpty = answer.ids.isEmpty
        guard answer.columns.count == request.columns.count || isEmpty && answer.columns.isEmpty else {
            throw .wrongAnswer(
                "\(request.columns.count) columns were asked for, \(answer.columns.count) came")
        }
        guard isEmpty || (answer.scores != nil) == request.wantsScores else {
            throw .wrongAnswer(request.wantsScores ? "no scores came" : "scores came that nobody asked for")
        }
        guard (answer.scores?.count ?? answer.ids.count) == answer.ids.count else {
            throw .wrongAnswer("there are not as many scores as ids")
        }
        try RuleReplyCheck(request: request, answer: answer).check()
        let excluded = try shared(request.exclusions)
        let candidates = try shared(request.candidates)
        for (query, outcome) in answer.outcomes.enumerated() {
            try ReplyCheck.check(status: outcome.status)
            let results = Int(answer.offsets[query])..<Int(answer.offsets[query + 1])
            try check(results.count, outcome, query)
            if results.isEmpty { continue }
            try checkOrder(results, outcome, query)
            try checkIDs(results, query, excluded: excluded, candidates: candidates)
        }
    }

    /// Throws unless each id comes once, none is excluded, all are candidates, and members are left out.
    ///
    /// The list of one query is compared with a set of its results, which is small and needed anyway. A list of many
    /// queries becomes a set once, with which their results are compared.
    private func checkIDs(
        _ results: Range<Int>, _ query: Int, excluded: IDSet?, candidates: IDSet?
    ) throws(KindredError) {
        let set = IDSet(answer.ids, in: results)
        guard set.count == UInt64(results.count) else {
            throw .wrongAnswer("an id comes twice in \(name(of: query))")
        }
        if let lists = request.exclusions,
            let index = try listed(lists, query, excluded, set, results).firstIndex(of: true)
        {
            throw .wrongAnswer(
                "'\(answer.ids[results.lowerBound + index])' was excluded from \(name(of: query))")
        }
        if let lists = request.candidates,
            let index = try listed(lists, query, candidates, set, results).firstIndex(of: false)
        {
            throw .wrongAnswer(
                "'\(answer.ids[results.lowerBound + index])' is no candidate of \(name(of: query))")
        }
        // Popular rows know no members.
        if !request.includesMembers, !answer.outcomes[query].flags.contains(.fallback),
            let (ids, range) = members(of: query),
            let index = try listed(ids, range, set, results).firstIndex(of: true)
        {
            throw .wrongAnswer(
                "'\(answer.ids[results.lowerBound + index])' is a member of \(name(of: query)), which are left out"
            )
        }
    }

    /// For each result, whether the query's list has it. `shared` is the set of a list of many queries.
    private func listed(
        _ lists: RaggedIDs, _ query: Int, _ shared: IDSet?, _ set: IDSet, _ results: Range<Int>
    ) throws(KindredError) -> [Bool] {
        if let shared { return results.map { shared.contains(answer.ids, $0) } }
        return try listed(lists.ids, lists.range(ofQuery: query), set, results)
    }

    /// The set of a list that applies to more than two queries.
    private func shared(_ lists: RaggedIDs?) throws(KindredError) -> IDSet? {
        guard let lists, lists.offsets == nil, answer.outcomes.count > 2, !answer.ids.isEmpty else {
            return nil
        }
        try checkKind(lists.ids, 0..<lists.ids.count)
        return IDSet(lists.ids, as: answer.ids.kind)
    }

    /// Throws where the request has numbers and the answer texts: a server refuses such a request.
    private func checkKind(_ ids: IDList, _ range: Range<Int>) throws(KindredError) {
        guard range.isEmpty || ids.kind == answer.ids.kind || ids.kind == .text else {
            throw .wrongAnswer("ids of the request are numbers, the answer's are texts")
        }
    }

    private func listed(
        _ ids: IDList, _ range: Range<Int>, _ set: IDSet, _ results: Range<Int>
    ) throws(KindredError) -> [Bool] {
        try checkKind(ids, range)
        var flags = [Bool](repeating: false, count: results.count)
        for position in range {
            if let index = set.position(of: ids, position) { flags[index - results.lowerBound] = true }
        }
        return flags
    }

    private func check(_ count: Int, _ outcome: QueryReply, _ query: Int) throws(KindredError) {
        let offset = UInt64(request.rules?.offset ?? 0)
        let after = outcome.rowsEligible > offset ? outcome.rowsEligible - offset : 0
        let due = outcome.isAnswered ? min(UInt64(request.k), after) : 0
        // Popular rows know no minimum.
        let hasMinimum = !request.minimumScores.isEmpty && !outcome.flags.contains(.fallback)
        let hasFewer = hasMinimum || request.rules?.caps.isEmpty == false
        let isComplete = !hasFewer && outcome.flags.contains(.exact)
        guard isComplete && outcome.isAnswered ? UInt64(count) == due : UInt64(count) <= due else {
            throw .wrongAnswer(
                "\(name(of: query)) has \(count) results where k is \(request.k) and \(outcome.rowsEligible) rows "
                    + "were eligible")
        }
    }

    /// Throws unless the scores are finite and descend, equal ones in ascending order of their ids, and none is below
    /// the minimum.
    ///
    /// Diversity has an order of its own, and popular rows know no minimum.
    private func checkOrder(
        _ results: Range<Int>, _ outcome: QueryReply, _ query: Int
    ) throws(KindredError) {
        guard let scores = answer.scores else { return }
        let isPopular = outcome.flags.contains(.fallback)
        guard isPopular || request.rules?.diversity == nil else {
            guard scores[results].allSatisfy(\.isFinite) else {
                throw .wrongAnswer("\(name(of: query)) has a score that is not finite")
            }
            // The list begins with the row of the greatest score.
            if request.rules?.offset == 0, let greatest = scores[results].max(),
                greatest > scores[results.lowerBound]
            {
                throw .wrongAnswer(
                    "\(name(of: query)) begins with \(scores[results.lowerBound]), it has \(greatest)")
            }
            return try checkMinimum(scores[results].min() ?? .infinity, query)
        }
        guard scores[results.lowerBound].isFinite, scores[results.upperBound - 1].isFinite else {
            throw .wrongAnswer("\(name(of: query)) has a score that is not finite")
        }
        for index in results.dropFirst() {
            let (before, score) = (scores[index - 1], scores[index])
            // Also false where one of them is not a number.
            guard before > score || before == score && answer.ids.isAscending(index - 1, index) else {
                throw .wrongAnswer(
                    "\(name(of: query)) is out of order: '\(answer.ids[index - 1])' with \(before) before "
                        + "'\(answer.ids[index])' with \(score)")
            }
        }
        if !isPopular { try checkMinimum(scores[results.upperBound - 1], query) }
    }

    /// Throws where the least score of a query is below the minimum.
    private func checkMinimum(_ least: Float, _ query: Int) throws(KindredError) {
        guard !request.minimumScores.isEmpty else { return }
        let minimum = request.minimumScores[request.minimumScores.count == 1 ? 0 : query]
        guard least >= minimum else {
            throw .wrongAnswer("\(name(of: query)) has \(least), below \(minimum)")
        }
    }

    /// The item of an item query over items, the user of a user query over users, the members of a basket over
    /// items.
    private func members(of query: Int) -> (ids: IDList, range: Range<Int>)? {
        switch (request.scope.queries, request.scope.target) {
        case (.users(let ids), .users), (.items(let ids), .items): (ids, query..<query + 1)
        case (.baskets(let baskets), .items), (.foldIns(let baskets), .items): Self.members(baskets, query)
        case (.blends(let blends), .items): blends.items.map { Self.members($0, query) }
        case (.blends(let blends), .users): blends.users.map { Self.members($0, query) }
        case (.users, .items), (.items, .users), (.baskets, .users), (.foldIns, .users), (.vectors, _): nil
        }
    }

    private static func members(_ baskets: Baskets, _ query: Int) -> (ids: IDList, range: Range<Int>) {
        (baskets.members, Int(baskets.offsets[query])..<Int(baskets.offsets[query + 1]))
    }
}
