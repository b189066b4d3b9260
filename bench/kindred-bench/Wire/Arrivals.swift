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
    /// Requests per second, on average, of all threads together.
    let rate: Double
    /// From the first to the end.
    let seconds: Double

    private let share: LoadShare
    private var source: RandomSource
    private var number: Int
    /// Seconds from the begin until the next request; nil once `seconds` have passed.
    private(set) var next: Double? = 0

    /// The same arguments give the same times.
    ///
    /// Of fixed times the threads take turns: together theirs are those of one thread alone. A sum of Poisson processes
    /// is one with the sum of their rates, so there each thread draws its own.
    init(_ law: Law, rate: Double, seconds: Double, seed: UInt64, share: LoadShare = .whole) {
        precondition(rate > 0 && seconds > 0)
        self.law = law
        self.rate = rate
        self.seconds = seconds
        self.share = share
        source = RandomSource(seed: Self.seed(seed, of: share))
        number = share.number
        // The first thread sends at once.
        if number > 0 { next = time(after: 0) }
    }

    /// Goes on to the request after the next one.
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

    /// The first thread's is the given one, each other one's is drawn from it.
    private static func seed(_ seed: UInt64, of share: LoadShare) -> UInt64 {
        var seeds = RandomSource(seed: seed)
        var own = seed
        for _ in 0..<share.number { own = seeds.next() }
        return own
    }
}
