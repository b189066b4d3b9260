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
    /// Rows that could have been in the answer: of the target, allowed, not excluded. It says why there are no results:
    /// none passes the filter and the other rules, the offset is behind the last, or caps and the minimum score left
    /// none.
    public var eligible: UInt64
    /// Rows whose score, or a bound of it, was computed. A diagnostic.
    public var scanned: UInt64
    /// Where the results come from.
    public var source: RowSource
    /// Ids of the query that the model does not have; nil where they are errors.
    public var unknownIDs: Int?
    /// Rows that were not eligible because an earlier query returned them; nil where queries may repeat rows.
    public var taken: UInt64?
    /// Rows of the list before the first result.
    public var offset: Int
    /// Rows that diversity re-ordered, at most; nil without diversity.
    public var pool: UInt32?
    /// Time the request waited in the server.
    public var queueTime: Duration
    /// Time that the server spent on the answer, scans shared with other requests included.
    public var computeTime: Duration
    /// At most k, in descending order of their scores; equal scores in ascending order of their ids. With diversity in
    /// its order.
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
    /// The nearest of the query's own items; nil where it has none, and where `Rules.wantsBecause` is not set.
    public var because: ExternalID?
}

/// Where the results of a recommendation come from.
public enum RowSource: Sendable, Hashable {
    /// The scores of the model.
    case model
    /// The popularity of the items; their scores are the popularity.
    case popular
}

/// The answer to `count`.
public struct FilterCount: Sendable, Equatable {
    /// The model that answered.
    public var model: ModelName
    /// The version that answered.
    public var version: UInt64
    /// Rows that pass the filter.
    public var passing: UInt64
    /// Rows of the side.
    public var rows: UInt64
    /// Time spent on the filter; zero where its rows were kept from an earlier request.
    public var time: Duration
    /// True where the filter was evaluated before for the same values.
    public var isKept: Bool
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
    /// The empty page behind the last row.
    var end: Recommendations {
        var end = self
        end.offset += results.count
        end.results = []
        return end
    }

    /// The answer to query `index` of a reply to a request with these options, of a server with these limits. Throws
    /// the failure of that query.
    init(
        _ reply: RecommendReply, query index: Int, k: Int, _ options: RecommendOptions, _ limits: Limits
    ) throws(KindredError) {
        let outcome = reply.outcomes[index]
        guard outcome.isAnswered else { throw KindredError(outcome) }
        model = reply.origin.model
        version = reply.origin.version
        queueTime = .microseconds(Int64(reply.origin.queueMicroseconds))
        computeTime = .microseconds(Int64(reply.origin.computeMicroseconds))
        isExact = outcome.flags.contains(.exact)
        eligible = outcome.rowsEligible
        scanned = outcome.rowsScanned
        source = outcome.flags.contains(.fallback) ? .popular : .model
        unknownIDs = outcome.unknownIDs.map { Int($0) }
        taken = outcome.rowsTaken
        offset = options.rules.offset
        if let diversity = options.rules.diversity, diversity.weight > 0 {
            // The server has accepted both, so nothing is refused here.
            let size = try? diversity.poolSize(end: options.rules.offset + k, limits: limits)
            pool = size.map { UInt32(clamping: $0) }
        }
        var because = reply.because?.items(before: Int(reply.offsets[index])) ?? 0
        results = (Int(reply.offsets[index])..<Int(reply.offsets[index + 1])).map { result in
            var columns: [String: ColumnValue] = [:]
            for (name, column) in zip(options.columns, reply.columns) where column.present[result] {
                columns[name] = ColumnValue(column.values, at: result)
            }
            var near: ExternalID?
            if let list = reply.because, list.found[result] {
                near = list.ids[because]
                because += 1
            }
            return Recommendation(
                id: reply.ids[result], score: reply.scores?[result] ?? 0, columns: columns, because: near)
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
