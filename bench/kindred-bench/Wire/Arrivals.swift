import Glibc

/// When the requests of an open loop are to be sent, whatever becomes of those before them.
struct Arrivals {
    enum Law: String, CaseIterable, Codable, Sendable {
        /// All equally far apart.
        case fixed
        /// Independent of one another: the times between them are distributed exponentially.
        case poisson
    }

    let law: Law
    /// Requests per second, on average.
    let rate: Double
    /// From the first to the end.
    let seconds: Double

    private var source: RandomSource
    private var number = 0
    /// Seconds from the begin until the next request; nil once `seconds` have passed.
    private(set) var next: Double? = 0

    /// The same arguments give the same times.
    init(_ law: Law, rate: Double, seconds: Double, seed: UInt64) {
        precondition(rate > 0 && seconds > 0)
        self.law = law
        self.rate = rate
        self.seconds = seconds
        source = RandomSource(seed: seed)
    }

    /// Goes on to the request after the next one.
    mutating func advance() {
        guard let time = next else { return }
        number += 1
        let following =
            switch law {
            case .fixed: Double(number) / rate
            case .poisson: time - log(1 - Double.random(in: 0..<1, using: &source)) / rate
            }
        next = following < seconds ? following : nil
    }
}
