import Glibc

/// Decides when a load sends its requests.
enum Pacing {
    /// A fixed number of requests in flight, spread over the connections. Each answer is followed by the next request.
    case closed(inFlight: Int)
    /// Each request at its time, while fewer than `inFlightMax` requests are in flight.
    case open(Arrivals, inFlightMax: Int)
}

/// The send times of an open loop, independent of earlier answers.
struct Arrivals {
    enum Law: String, CaseIterable, Codable, Sendable {
        /// Equal intervals.
        case fixed
        /// A Poisson process: exponentially distributed intervals.
        case poisson
    }

    let law: Law
    /// Average requests per second of all threads together.
    let rate: Double
    /// Duration in seconds.
    let seconds: Double

    private let share: LoadShare
    private var source: RandomSource
    private var number: Int
    /// Seconds from the start to the next request; nil once `seconds` have passed.
    private(set) var next: Double? = 0

    /// The same arguments give the same times.
    ///
    /// With fixed intervals the threads take turns, so that together they send as one thread would. With a Poisson
    /// process each thread draws its own times, since the sum of Poisson processes is one with the sum of their rates.
    init(_ law: Law, rate: Double, seconds: Double, seed: UInt64, share: LoadShare = .whole) {
        precondition(rate > 0 && seconds > 0)
        self.law = law
        self.rate = rate
        self.seconds = seconds
        self.share = share
        source = RandomSource(seed: Self.seed(seed, of: share))
        number = share.number
        // The first thread starts at time 0.
        if number > 0 { next = time(after: 0) }
    }

    /// Moves on to the following request.
    mutating func advance() {
        guard let time = next else { return }
        number += share.count
        next = self.time(after: time)
    }

    private mutating func time(after previous: Double) -> Double? {
        let time =
            switch law {
            case .fixed: Double(number) / rate
            case .poisson:
                previous - log(1 - Double.random(in: 0..<1, using: &source)) / (rate / Double(share.count))
            }
        return time < seconds ? time : nil
    }

    /// The first thread uses the given seed; the seeds of the others are drawn from it.
    private static func seed(_ seed: UInt64, of share: LoadShare) -> UInt64 {
        var seeds = RandomSource(seed: seed)
        var own = seed
        for _ in 0..<share.number { own = seeds.next() }
        return own
    }
}
