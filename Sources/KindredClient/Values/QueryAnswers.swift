public import KindredDomain
internal import KindredWire

/// The answer to one query: the best first.
public struct Recommendations: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// True where this is the exact top k.
    public var isExact: Bool
    /// Rows that could have been in the answer.
    public var eligible: UInt64
    /// Rows, or bounds of rows, that were computed: a diagnostic.
    public var scanned: UInt64
    /// Time the request waited in the server.
    public var queueTime: Duration
    /// Time the server computed, scans it shared included.
    public var computeTime: Duration
    /// Score descending, then id ascending.
    public var results: [Recommendation]
}

/// One winner.
public struct Recommendation: Sendable, Equatable {
    /// Of the target's side.
    public var id: ExternalID
    /// The canonical score.
    public var score: Float
    /// The wanted columns by name; absent values are not there.
    public var columns: [String: ColumnValue]
}

/// One attribute of a winner.
public enum ColumnValue: Sendable, Hashable {
    /// A 64-bit integer.
    case integer(Int64)
    /// A double.
    case real(Double)
    /// UTF-8 text.
    case text(String)
}

/// The scores of candidates for one query.
public struct Scores: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// One per candidate, in their order; nil where the model does not have the candidate.
    public var scores: [Float?]
}

/// Stored vectors.
public struct Vectors: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// Elements of each vector.
    public var dimension: Int
    /// One per id, in their order; nil where the model does not have the id.
    public var vectors: [[Float]?]
}

extension Recommendations {
    /// Query `index` of a reply whose columns are called `names`.
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
