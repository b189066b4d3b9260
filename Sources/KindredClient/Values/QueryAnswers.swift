public import KindredDomain
internal import KindredWire

/// The answer to one query of `recommend`.
public struct Recommendations: Sendable, Equatable {
    /// The model that answered.
    public var model: ModelName
    /// The version that answered.
    public var version: UInt64
    /// True where the results are the exact top k of the eligible rows.
    public var isExact: Bool
    /// Rows that could have been in the answer: of the target, allowed, not excluded.
    public var eligible: UInt64
    /// Rows whose score, or a bound of it, was computed. A diagnostic.
    public var scanned: UInt64
    /// Time the request waited in the server.
    public var queueTime: Duration
    /// Time that the server spent on the answer, scans shared with other requests included.
    public var computeTime: Duration
    /// At most k, in descending order of their scores; equal scores in ascending order of their ids.
    public var results: [Recommendation]
}

/// One result of a recommendation.
public struct Recommendation: Sendable, Equatable {
    /// The item's or user's id.
    public var id: ExternalID
    /// The similarity to the query, as SPEC.md's appendix A computes it.
    public var score: Float
    /// The columns of `RecommendOptions.columns` by name. A column without a value for this row is absent.
    public var columns: [String: ColumnValue]
}

/// A value of a catalog column.
public enum ColumnValue: Sendable, Hashable {
    /// A 64-bit integer.
    case integer(Int64)
    /// A 64-bit floating-point number.
    case real(Double)
    /// UTF-8 text.
    case text(String)
}

/// The answer to `score`.
public struct Scores: Sendable, Equatable {
    /// The model that answered.
    public var model: ModelName
    /// The version that answered.
    public var version: UInt64
    /// One for each candidate, in their order; nil where the model does not have the candidate.
    public var scores: [Float?]
}

/// The answer to `vectors`.
public struct Vectors: Sendable, Equatable {
    /// The model that answered.
    public var model: ModelName
    /// The version that answered.
    public var version: UInt64
    /// Elements of each vector.
    public var dimension: Int
    /// One for each id, in their order; nil where the model does not have the id.
    public var vectors: [[Float]?]
}

extension Recommendations {
    /// The answer to query `index` of a reply with the columns `names`. Throws the failure of that query.
    init(_ reply: RecommendReply, query index: Int, columns names: [String]) throws(KindredError) {
        let outcome = reply.outcomes[index]
        guard outcome.isAnswered else { throw KindredError(outcome) }
        model = reply.origin.model
        version = reply.origin.version
        queueTime = .microseconds(Int64(reply.origin.queueMicroseconds))
        computeTime = .microseconds(Int64(reply.origin.computeMicroseconds))
        isExact = outcome.flags.contains(.exact)
        eligible = outcome.rowsEligible
        scanned = outcome.rowsScanned
        results = (Int(reply.offsets[index])..<Int(reply.offsets[index + 1])).map { result in
            var columns: [String: ColumnValue] = [:]
            for (name, column) in zip(names, reply.columns) where column.present[result] {
                columns[name] = ColumnValue(column.values, at: result)
            }
            return Recommendation(id: reply.ids[result], score: reply.scores?[result] ?? 0, columns: columns)
        }
    }
}

extension ColumnValue {
    init(_ values: ResultValues, at index: Int) {
        switch values {
        case .integers(let all): self = .integer(all[index])
        case .reals(let all): self = .real(all[index])
        case .text(let list): self = .text(String(decoding: list[index], as: UTF8.self))
        }
    }
}
