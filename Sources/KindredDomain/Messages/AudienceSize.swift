/// The size of an audience.
///
/// ```swift
/// let onePercent = AudienceSize.share(partsPerMillion: 10_000)
/// ```
public enum AudienceSize: Sendable, Hashable {
    /// A number of users, at least 1.
    case count(UInt64)
    /// A share of all users of the model, seeds included, in parts per million, 1 to 1,000,000. The audience has
    /// floor(ppm x users / 10^6) users, at least 1.
    case share(partsPerMillion: UInt32)
    /// All users whose score is at least this, a finite number.
    case minimumScore(Float)
}
