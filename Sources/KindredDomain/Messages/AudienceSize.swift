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
