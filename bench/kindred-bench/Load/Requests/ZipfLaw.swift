import Glibc

/// Draws ranks 1 ... n, rank r with a probability proportional to r^-s.
///
/// Rejection-inversion (Hörmann and Derflinger, Rejection-inversion to generate variates from monotone discrete
/// distributions, ACM TOMACS 6, 1996): no table, and at most 1.3 tries on average.
struct ZipfLaw: Sendable {
    let count: Int
    /// s, above 0.
    let exponent: Double

    private let areaFirst: Double
    private let areaLast: Double
    private let squeeze: Double

    init(count: Int, exponent: Double) {
        precondition(count > 0 && exponent > 0)
        self.count = count
        self.exponent = exponent
        areaFirst = Self.area(1.5, exponent) - 1
        areaLast = Self.area(Double(count) + 0.5, exponent)
        squeeze = 2 - Self.inverse(Self.area(2.5, exponent) - Self.density(2, exponent), exponent)
    }

    func rank(using source: inout RandomSource) -> Int {
        while true {
            let area = areaLast + Double.random(in: 0..<1, using: &source) * (areaFirst - areaLast)
            let place = Self.inverse(area, exponent)
            let rank = min(max(place.rounded(), 1), Double(count))
            if rank - place <= squeeze
                || area >= Self.area(rank + 0.5, exponent) - Self.density(rank, exponent)
            {
                return Int(rank)
            }
        }
    }

    private static func density(_ x: Double, _ s: Double) -> Double { exp(-s * log(x)) }

    /// The integral of the density from 1 to x: (x^(1-s) - 1) / (1 - s), or log x for s = 1.
    private static func area(_ x: Double, _ s: Double) -> Double {
        let t = (1 - s) * log(x)
        // Near zero the limit replaces the quotient, which would lose its digits.
        return log(x) * (abs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2)
    }

    private static func inverse(_ area: Double, _ s: Double) -> Double {
        // Rounding may move the argument below the integral's infimum.
        let t = max(area * (1 - s), -1)
        return exp(area * (abs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2))
    }
}
