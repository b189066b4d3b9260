internal import KindredDomain
internal import KindredWire

/// Checks what an answer says by the rules of its request: origins, counts, and the items that results are near to.
struct RuleReplyCheck {
    let request: RecommendRequest
    let answer: RecommendReply

    /// A query in a message.
    private func name(of query: Int) -> String { Ordinal.query(query, of: request.scope.queries.count) }

    /// Throws PROTOCOL_ERROR where a list is missing or unwanted, or does not fit the request.
    func check() throws(KindredError) {
        try checkPresence()
        try checkTaken()
        let foundBefore = answer.because?.foundBefore ?? []
        for (query, outcome) in answer.outcomes.enumerated() where outcome.isAnswered {
            let results = Int(answer.offsets[query])..<Int(answer.offsets[query + 1])
            try checkUnknown(outcome, query, resultCount: results.count)
            guard let because = answer.because, !results.isEmpty else { continue }
            let named = foundBefore[results.lowerBound]..<foundBefore[results.upperBound]
            try checkBecause(because.ids, named, outcome, query, results)
        }
    }

    // MARK: Lists

    /// Throws unless the answer has the lists that the rules ask for, and no others.
    private func checkPresence() throws(KindredError) {
        let wantsBecause = request.rules?.wantsBecause ?? false
        guard (answer.because != nil) == wantsBecause else {
            throw .wrongAnswer(
                wantsBecause ? "no items came that the results are near to" : "unwanted items came")
        }
        let isDistinct = request.rules?.isDistinct ?? false
        let isStrict = request.scope.unknownIDs == .strict
        for outcome in answer.outcomes {
            guard (outcome.rowsTaken != nil) == isDistinct else {
                throw .wrongAnswer("the counts of taken rows do not fit the request")
            }
            guard (outcome.unknownIDs == nil) == isStrict else {
                throw .wrongAnswer("the counts of unknown ids do not fit the request")
            }
            guard !outcome.flags.contains(.fallback) || request.scope.unknownIDs == .fallback else {
                throw .wrongAnswer("popular rows came that nobody asked for")
            }
        }
    }

    /// Throws where two queries have a row in common that may not, or where a query counts more taken rows than earlier
    /// ones have.
    private func checkTaken() throws(KindredError) {
        guard request.rules?.isDistinct == true else { return }
        guard IDSet(answer.ids, in: 0..<answer.ids.count).count == UInt64(answer.ids.count) else {
            throw .wrongAnswer("two queries have a row in common")
        }
        for (query, outcome) in answer.outcomes.enumerated() {
            let before = UInt64(answer.offsets[query])
            if let taken = outcome.rowsTaken, taken > before {
                throw .wrongAnswer(
                    "\(taken) rows of \(name(of: query)) are taken, earlier ones returned \(before)")
            }
        }
    }

    // MARK: Unknown ids

    /// The ids of a query that may be unknown, those of them with a weight other than 0, and whether it has vectors
    /// with such a weight beside them.
    private func asked(_ query: Int) -> (idCount: Int, weightedCount: Int, hasVectors: Bool) {
        switch request.scope.queries {
        case .users, .items: return (1, 1, false)
        case .vectors: return (0, 0, true)
        case .baskets(let lists), .foldIns(let lists):
            let range = Self.members(lists, query).range
            return (range.count, Self.weighted(lists.weights, range), false)
        case .blends(let blends):
            var (idCount, weightedCount) = (0, 0)
            for lists in [blends.users, blends.items] {
                guard let lists else { continue }
                let range = Self.members(lists, query).range
                idCount += range.count
                weightedCount += Self.weighted(lists.weights, range)
            }
            let vectors = blends.vectors.map { vectors in
                Self.weighted(
                    vectors.weights, Int(vectors.offsets[query])..<Int(vectors.offsets[query + 1]))
            }
            return (idCount, weightedCount, vectors ?? 0 > 0)
        }
    }

    /// How many members of a range have a weight other than 0. Without weights, all are 1.
    private static func weighted(_ weights: [Float]?, _ range: Range<Int>) -> Int {
        weights.map { weights in range.count { weights[$0] != 0 } } ?? range.count
    }

    private func checkUnknown(
        _ outcome: QueryReply, _ query: Int, resultCount: Int
    ) throws(KindredError) {
        guard let unknown = outcome.unknownIDs else { return }
        let asked = asked(query)
        guard unknown <= asked.idCount else {
            throw .wrongAnswer("\(unknown) ids of \(name(of: query)) are unknown, it has \(asked.idCount)")
        }
        // Which ids are unknown is not told: those with a weight may be among them.
        let mayBeNothing = unknown >= asked.weightedCount && !asked.hasVectors
        let isNothingKnown = mayBeNothing && (unknown == asked.idCount || asked.weightedCount == 0)
        if outcome.flags.contains(.fallback) {
            guard mayBeNothing else {
                throw .wrongAnswer("popular rows came for \(name(of: query)), of which something is known")
            }
        } else if isNothingKnown, resultCount > 0 || request.scope.unknownIDs == .fallback {
            throw .wrongAnswer("\(name(of: query)), of which nothing is known, is answered by the model")
        }
    }

    // MARK: Because

    /// The query's own items; nil where the request does not tell them: what a user has seen.
    private func ownItems(_ query: Int) -> (ids: IDList, range: Range<Int>)? {
        switch request.scope.queries {
        case .users: nil
        case .items(let ids): (ids, query..<query + 1)
        case .vectors: (.empty, 0..<0)
        case .baskets(let lists), .foldIns(let lists): Self.members(lists, query)
        case .blends(let blends): blends.items.map { Self.members($0, query) } ?? (.empty, 0..<0)
        }
    }

    /// `places` are those of the query's items in `ids`.
    private func checkBecause(
        _ ids: IDList, _ places: Range<Int>, _ outcome: QueryReply, _ query: Int, _ results: Range<Int>
    ) throws(KindredError) {
        let count = places.count
        guard count == 0 || count == results.count else {
            throw .wrongAnswer(
                "\(count) of \(results.count) results of \(name(of: query)) are near to an item")
        }
        let own = ownItems(query)
        let isItemKnown = own.map { $0.range.count > Int(outcome.unknownIDs ?? 0) } ?? false
        let isNear = request.scope.target == .items && isItemKnown && !outcome.flags.contains(.fallback)
        guard count > 0 || !isNear else {
            throw .wrongAnswer("the results of \(name(of: query)) are near to none of its items")
        }
        guard count > 0 else { return }
        guard !outcome.flags.contains(.fallback) else {
            throw .wrongAnswer("popular rows of \(name(of: query)) are near to an item")
        }
        let named = IDSet(ids, in: places)
        if let own {
            let found = Set(own.range.compactMap { named.position(of: own.ids, $0) })
            guard UInt64(found.count) == named.count else {
                throw .wrongAnswer("results of \(name(of: query)) are near to an item that it does not have")
            }
        } else if request.rules?.excludesSeen == true,
            results.contains(where: { named.contains(answer.ids, $0) })
        {
            throw .wrongAnswer("\(name(of: query)) has a result that its user has seen")
        }
    }

    private static func members(_ lists: Baskets, _ query: Int) -> (ids: IDList, range: Range<Int>) {
        (lists.members, Int(lists.offsets[query])..<Int(lists.offsets[query + 1]))
    }
}
