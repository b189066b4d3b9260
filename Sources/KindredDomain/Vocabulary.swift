/// The two kinds of vectors a model has.
public enum Side: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// What is recommended: products, films, pages.
    case items = 1
    /// Who it is recommended to, and what audiences are made of.
    case users = 2

    /// `items` or `users`.
    public var description: String {
        switch self {
        case .items: "items"
        case .users: "users"
        }
    }

    /// `item` or `user`.
    package var singular: String {
        switch self {
        case .items: "item"
        case .users: "user"
        }
    }
}

/// How two vectors are compared.
public enum Similarity: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The inner product.
    case dot = 1
    /// The inner product divided by both norms; a row of norm 0 scores 0.
    case cosine = 2

    /// `dot` or `cosine`.
    public var description: String {
        switch self {
        case .dot: "dot"
        case .cosine: "cosine"
        }
    }
}

/// What happens to a query whose id the model does not have.
package enum UnknownIDPolicy: UInt8, Sendable {
    /// That query fails with UNKNOWN_ID.
    case strict = 0
}

/// The size of an audience.
public enum AudienceSize: Sendable, Hashable {
    /// So many users.
    case count(UInt64)
    /// Parts per million of all users of the model, 1 to 1,000,000: floor(ppm x users / 10^6), at least 1,
    /// counted before seeds are left out.
    case share(partsPerMillion: UInt32)
    /// Every user who scores at least this.
    case minimumScore(Float)
}

/// How an audience is scored. A closed set; each has one pure function in the engine.
package enum LookalikeScorer: UInt8, Sendable {
    /// Similarity to the mean of the seeds.
    case centroid = 1
}

/// What the values of a catalog column are.
public enum ColumnType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Whole numbers of 64 bits with a sign.
    case integers = 1
    /// Numbers of float64.
    case reals = 2
    /// Texts of UTF-8.
    case text = 3

    /// `integers`, `reals` or `text`.
    public var description: String {
        switch self {
        case .integers: "integers"
        case .reals: "reals"
        case .text: "text"
        }
    }
}

/// What a server does with a version that is on disk.
public enum VersionState: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// It stays there: what serves is newer, or another was chosen.
    case onDisk = 1
    /// In memory.
    case loaded = 2
    /// It will be loaded.
    case waiting = 3
    /// It is being read and checked.
    case loading = 4
    /// It was looked at and not taken.
    case refused = 5

    /// `on disk`, `loaded`, `waiting`, `loading` or `refused`.
    public var description: String {
        switch self {
        case .onDisk: "on disk"
        case .loaded: "loaded"
        case .waiting: "waiting"
        case .loading: "loading"
        case .refused: "refused"
        }
    }
}
