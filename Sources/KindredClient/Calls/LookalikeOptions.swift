public import KindredDomain

/// What may be asked of a look-alike audience.
public struct LookalikeOptions: Sendable {
    /// Which model answers; its timeout runs from the opening to the first rows, so that
    /// many seeds may want a longer one. Then every read waits so long for the next rows.
    public var call = CallOptions()
    /// Nil: cosine.
    public var similarity: Similarity?
    /// True: seeds may appear in the audience.
    public var includesSeeds = false
    /// False: ids only.
    public var wantsScores = true

    /// The defaults.
    public init() {}
}
