public import KindredDomain
internal import KindredWire

extension KindredClient {
    /// The best `k` rows for one query, best first.
    ///
    /// `k` is 1 to 10,000. Throws UNKNOWN_ID when the model does not have the user or item.
    ///
    /// ```swift
    /// // For a customer.
    /// let answer = try await client.recommend(.user("17850"), k: 10)
    /// // Similar to an item.
    /// let similar = try await client.recommend(.item("22423"))
    /// // For a visitor without a vector: what is in the basket.
    /// let basket = [BasketMember("22423", weight: 2), BasketMember("22699")]
    /// let next = try await client.recommend(.basket(basket), k: 3)
    /// ```
    public func recommend(
        _ query: Query, k: Int = 10, options: RecommendOptions = RecommendOptions()
    ) async throws(KindredError) -> Recommendations {
        try await recommend(query, k: k, options: options, isPage: false)
    }

    private func recommend(
        _ query: Query, k: Int, options: RecommendOptions, isPage: Bool
    ) async throws(KindredError) -> Recommendations {
        let results = try await recommendBatch([query], k: k, options: options, isPage: isPage)
        guard let result = results.first else { throw .wrongReply }
        return try result.get()
    }

    /// The best `k` rows for each of up to 1,024 queries of one kind, in one request.
    ///
    /// The results are in the order of the queries. A query that fails, such as one for an unknown user, does not
    /// fail the others.
    ///
    /// ```swift
    /// let answers = try await client.recommendBatch([.user("17850"), .user("13047")], k: 10)
    /// for case .success(let answer) in answers { print(answer.results.count) }
    /// ```
    public func recommendBatch(
        _ queries: [Query], k: Int = 10, options: RecommendOptions = RecommendOptions()
    ) async throws(KindredError) -> [Result<Recommendations, KindredError>] {
        try await recommendBatch(queries, k: k, options: options, isPage: false)
    }

    /// The same. `isPage`: refused before it is sent where it ends beyond the server's `k_max`.
    private func recommendBatch(
        _ queries: [Query], k: Int, options: RecommendOptions, isPage: Bool
    ) async throws(KindredError) -> [Result<Recommendations, KindredError>] {
        var request = RecommendRequest(
            scope: try scope(queries, options.target, options.similarity, options.call),
            k: UInt32(clamping: k))
        request.includesMembers = options.includesMembers
        request.exclusions = try options.exclusions(queryCount: queries.count)
        request.candidates = try options.candidates(queryCount: queries.count)
        request.minimumScores = options.minimumScore.map { [$0] } ?? []
        request.columns = options.columns
        try options.rules.checkFilters(queryCount: queries.count)
        request.rules = try RecommendRules(options.rules)
        request.scope.unknownIDs = options.unknownIDs.policy
        let (reply, limits) = try await exchange(.recommend(request), timeout: options.call.timeout) {
            limits throws(KindredError) in
            if isPage { try limits.checkPage(offset: options.rules.offset, k: k) }
        }
        guard case .recommend(let answer) = reply else { throw .wrongReply }
        return queries.indices.map { index in
            do throws(KindredError) {
                return .success(try Recommendations(answer, query: index, k: k, options, limits))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The score of each of up to 100,000 candidates for one query.
    ///
    /// ```swift
    /// let answer = try await client.score(.user("17850"), candidates: ["22423", "22699"])
    /// for score in answer.scores { print(score ?? .nan) }
    /// ```
    public func score(
        _ query: Query, candidates: [ExternalID], options: ScoreOptions = ScoreOptions()
    ) async throws(KindredError) -> Scores {
        var request = ScoreRequest(
            scope: try scope([query], options.target, options.similarity, options.call),
            candidates: RaggedIDs(shared: IDList(candidates)))
        request.filter = options.filter
        request.scope.unknownIDs = options.skipsUnknownIDs ? .skip : .strict
        let reply = try await call(.score(request), timeout: options.call.timeout)
        guard case .score(let answer) = reply, let outcome = answer.outcomes.first else { throw .wrongReply }
        guard outcome.isAnswered else { throw KindredError(outcome) }
        return Scores(
            model: answer.origin.model, version: answer.origin.version,
            scores: zip(answer.scores, answer.found).map { $1 ? $0 : nil })
    }

    /// The rows after an answer to the same query: `k` rows of the same version.
    ///
    /// `options` are those of the answer. Pages neither repeat nor skip a row. Behind the last row a page is empty.
    /// With diversity that is the last row of the first page's pool: give the first page a larger one for more pages.
    /// Throws VERSION_GONE when the server has the answer's version no longer, and LIMIT_EXCEEDED, before anything is
    /// sent, where offset + k is above the server's `k_max`.
    ///
    /// ```swift
    /// let first = try await client.recommend(.user("17850"), k: 10)
    /// let second = try await client.nextPage(after: first, of: .user("17850"), k: 10)
    /// ```
    public func nextPage(
        after page: Recommendations, of query: Query, k: Int = 10,
        options: RecommendOptions = RecommendOptions()
    ) async throws(KindredError) -> Recommendations {
        var options = options
        var k = k
        options.rules.offset = page.offset + page.results.count
        if let pool = page.pool {
            // The default pool grows with the offset, so that each page would be of another list.
            options.rules.diversity?.pool = pool
            let left = Int(pool) - options.rules.offset
            if left <= 0 { return page.end }
            k = min(k, left)
        }
        options.call.model = page.model
        options.call.version = page.version
        return try await recommend(query, k: k, options: options, isPage: true)
    }

    /// How many rows of one side pass a filter.
    ///
    /// ```swift
    /// let count = try await client.count(of: .items, where: Filter("median_price < 5"))
    /// print("\\(count.passing) of \\(count.rows)")
    /// ```
    public func count(
        of side: Side, where filter: Filter, options: CallOptions = CallOptions()
    ) async throws(KindredError) -> FilterCount {
        let request = FilterRequest(
            model: options.model, version: options.version, side: side, filter: filter)
        guard case .filter(let answer) = try await call(.filter(request), timeout: options.timeout) else {
            throw .wrongReply
        }
        return FilterCount(
            model: answer.model, version: answer.version, passing: answer.rowsPassing, rows: answer.rowCount,
            time: .microseconds(Int64(answer.evaluateMicroseconds)), isKept: answer.isKept)
    }

    /// The stored vectors of up to 10,000 ids of one side.
    ///
    /// ```swift
    /// let answer = try await client.vectors(of: ["22423"], side: .items)
    /// if let vector = answer.vectors[0] { print(vector.count) }
    /// ```
    public func vectors(
        of ids: [ExternalID], side: Side, options: CallOptions = CallOptions()
    ) async throws(KindredError) -> Vectors {
        let request = VectorsRequest(
            model: options.model, version: options.version, side: side, ids: IDList(ids))
        guard case .vectors(let answer) = try await call(.vectors(request), timeout: options.timeout) else {
            throw .wrongReply
        }
        let dimension = Int(answer.dimension)
        var first = 0
        let vectors = answer.found.map { isFound -> [Float]? in
            guard isFound else { return nil }
            defer { first += dimension }
            return Array(answer.elements[first..<first + dimension])
        }
        return Vectors(
            model: answer.origin.model, version: answer.origin.version, dimension: dimension, vectors: vectors
        )
    }

    private func scope(
        _ queries: [Query], _ target: Side, _ similarity: Similarity?, _ call: CallOptions
    ) throws(KindredError) -> QueryScope {
        QueryScope(
            model: call.model, version: call.version, queries: try QueryBatch(queries), target: target,
            similarity: similarity)
    }
}
