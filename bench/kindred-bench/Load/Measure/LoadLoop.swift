import Foundation
import KindredTerminal

/// The pace of a load, for its warm-up and its measurement alike.
enum LoadLoop: Sendable {
    /// Requests in flight over all connections.
    case closed(inFlight: Int)
    /// Requests per second.
    case open(rate: Double, law: Arrivals.Law, seed: UInt64, inFlightMax: Int)

    /// A thread's share of the pace. Each connection has as many requests in flight as with one thread.
    func pacing(seconds: Double, connections: Int, share: LoadShare) -> Pacing {
        switch self {
        case .closed(let inFlight):
            .closed(
                inFlight: inFlight / connections * share.of(connections) + share.of(inFlight % connections))
        case .open(let rate, let law, let seed, let inFlightMax):
            .open(
                Arrivals(law, rate: rate, seconds: seconds, seed: seed, share: share),
                inFlightMax: share.of(inFlightMax))
        }
    }

    /// Nil in a closed loop.
    var rate: Double? { if case .open(let rate, _, _, _) = self { rate } else { nil } }

    var text: String {
        switch self {
        case .closed(let inFlight): "closed loop, \(inFlight.groupedDigits) in flight"
        case .open(let rate, let law, _, let inFlightMax):
            "open loop, \(rate.formatted(rate < 100 ? 1 : 0)) requests/s, \(law.rawValue) arrivals, at most "
                + "\(inFlightMax.groupedDigits) in flight"
        }
    }
}

extension Double {
    /// The number with `digits` digits after the point and grouped digits before it.
    fileprivate func formatted(_ digits: Int) -> String {
        let rounded = fixed(digits)
        guard let whole = Int(rounded.prefix { $0 != "." }) else { return rounded }
        return whole.groupedDigits + rounded.drop { $0 != "." }
    }
}
