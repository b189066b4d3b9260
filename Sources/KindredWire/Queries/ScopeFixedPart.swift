import KindredDomain

/// The fixed part that RECOMMEND and SCORE share. SCORE has no k.
struct ScopeFixedPart {
    static let byteCount = 24

    let kind: QueryKind
    let target: Side
    /// Nil: the default.
    let similarity: Similarity?
    /// The bits of the options field.
    let options: UInt16
    let queryCount: Int
    let k: UInt32
    let version: UInt64

    /// Reads the fixed part, which the caller has proven to be there, and checks its closed sets.
    init(_ body: RawSpan, optionsKnown: UInt16) throws(RequestFailure) {
        kind = try body.choice(at: 2, .queryKind)
        target = try body.choice(at: 3, .target)
        similarity = try body.similarity(at: 4)
        let _: UnknownIDPolicy = try body.choice(at: 5, .unknownIDPolicy)
        options = try body.options(at: 6, known: optionsKnown)
        queryCount = Int(body.integer(at: 8, as: UInt32.self))
        k = body.integer(at: 12, as: UInt32.self)
        version = body.integer(at: 16, as: UInt64.self)
    }

    /// Throws INVALID_ARGUMENT for no queries and LIMIT_EXCEEDED for too many.
    func checkQueryCount(_ limits: Limits) throws(RequestFailure) {
        guard queryCount > 0 else { throw .invalidArgument(.noQueries) }
        try limits.check(.queriesPerBatch, UInt64(queryCount), atMost: UInt64(limits.queriesPerBatchMax))
    }

    /// Throws INVALID_ARGUMENT for a k of 0 and LIMIT_EXCEEDED for too large a k or too many results.
    func checkK(_ limits: Limits) throws(RequestFailure) {
        guard k > 0 else { throw .invalidArgument(.kIsZero) }
        try limits.check(.k, UInt64(k), atMost: UInt64(limits.kMax))
        // Both come from u32 fields: the product fits 64 bits.
        try limits.check(
            .resultsPerRequest, UInt64(queryCount) * UInt64(k), atMost: UInt64(limits.resultsPerRequestMax))
    }
}
