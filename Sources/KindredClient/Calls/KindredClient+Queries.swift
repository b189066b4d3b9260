public import KindredDomain
internal import KindredWire

extension KindredClient {
    /// The best `k` for one query.
    ///
    /// Throws UNKNOWN_ID when the model does not have the user or item, and what else the server answers.
    public func recommend(
        _ query: Query, k: Int = 10, options: RecommendOptions = RecommendOptions()
    ) async throws(KindredError) -> Recommendations {
        let results = try await recommendBatch([query], k: k, options: options)
        guard let result = results.first else { throw .wrongReply }
        return try result.get()
    }

    /// The best `k` for each of many queries of one kind, in one request. A query fails by itself.
    public func recommendBatch(
        _ queries: [Query], k: Int = 10, options: RecommendOptions = RecommendOptions()
    ) async throws(KindredError) -> [Result<Recommendations, KindredError>] {
        var request = RecommendRequest(
            scope: try scope(queries, options.target, options.similarity, options.call),
            k: UInt32(clamping: k))
        request.includesMembers = options.includesMembers
        if !options.exclude.isEmpty { request.exclusions = RaggedIDs(shared: IDList(options.exclude)) }
        request.candidates = options.candidates.map { RaggedIDs(shared: IDList($0)) }
        request.minimumScores = options.minimumScore.map { [$0] } ?? []
        request.columns = options.columns
        guard case .recommend(let answer) = try await call(.recommend(request), timeout: options.call.timeout)
        else { throw .wrongReply }
        return queries.indices.map { index in
            do throws(KindredError) {
                return .success(try Recommendations(answer, query: index, columns: options.columns))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The score of each of the candidates for one query.
    public func score(
        _ query: Query, candidates: [ExternalID], options: ScoreOptions = ScoreOptions()
    ) async throws(KindredError) -> Scores {
        let request = ScoreRequest(
            scope: try scope([query], options.target, options.similarity, options.call),
            candidates: RaggedIDs(shared: IDList(candidates)))
        let reply = try await call(.score(request), timeout: options.call.timeout)
        guard case .score(let answer) = reply, let outcome = answer.outcomes.first else { throw .wrongReply }
        guard outcome.isAnswered else { throw KindredError(outcome) }
        return Scores(
            model: answer.origin.model, version: answer.origin.version,
            scores: zip(answer.scores, answer.found).map { $1 ? $0 : nil })
    }

    /// The stored vectors of ids of one side.
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
