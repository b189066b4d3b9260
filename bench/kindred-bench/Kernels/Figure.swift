/// A speed: how much of something a second.
struct Figure: Encodable, Sendable {
    /// In the least disturbed round: what the machine can do.
    let best: Double
    let median: Double
    /// How far the rounds lie apart, as a share of the median.
    let spread: Double

    /// Of work that does `perCall` of something a call.
    init(perCall: Double, samples: Samples) {
        best = perCall / samples.best
        median = perCall / samples.median
        spread = samples.spread
    }
}
