import KindredKernels

/// Decides which approximate scores prove that a row cannot be in the answer.
///
/// A row may be dropped only if the float32 rounding of an upper bound of its canonical sum (or cosine) is strictly
/// below the threshold T: a row that rounds to a tie may still win by its id. Every rounding here errs toward keeping a
/// row.
package struct DiscardRule: Sendable {
    private let bound: BLASErrorBound

    package init(dimension: Int) { bound = BLASErrorBound(dimension: dimension) }

    /// Every real number below this rounds to a float32 below T: the middle between T and the float32 before it, which
    /// is exact in float64.
    package static func roundingFloor(of threshold: Float) -> Double {
        threshold == -.infinity ? -.infinity : (Double(threshold) + Double(threshold.nextDown)) / 2
    }

    /// Inner products of rows of a lesser norm with the query cannot reach the threshold (Cauchy-Schwarz). 2^-36 covers
    /// the roundings of both norms and of the canonical sum, up to 4,096 elements.
    package static func leastNorm(threshold: Float, queryNorm: Double) -> Double {
        let floor = roundingFloor(of: threshold)
        return floor > 0 && queryNorm > 0 ? floor / queryNorm * (1 - 0x1p-36) : 0
    }

    /// The least approximate inner product that must be kept, for rows of norm at most `rowNormMax`.
    package func limit(threshold: Float, queryNorm: Double, rowNormMax: Double) -> Float {
        let floor = Self.roundingFloor(of: threshold)
        guard floor.isFinite else { return -.infinity }
        return Self.roundedDown(floor - bound.slack(queryNorm: queryNorm, rowNorm: rowNormMax))
    }

    /// The factor f with: an approximate inner product of at least f x |x| (|x| rounded to float32) must be
    /// kept under cosine. 2^-21 covers the roundings of f, of |x| and of their product.
    package func cosineFactor(threshold: Float, queryNorm: Double) -> Float {
        let floor = Self.roundingFloor(of: threshold)
        guard floor.isFinite else { return -.infinity }
        let slack = bound.relative + 0x1p-21 * max(1, floor.magnitude)
        return Self.roundedDown((floor - slack) * queryNorm)
    }

    /// True where gradual underflow could exceed the relative error of a cosine, so that no row of the tile may
    /// be dropped. `rowNormMin` is the least norm above 0.
    package func cosineUnderflows(queryNorm: Double, rowNormMin: Double) -> Bool {
        queryNorm * rowNormMin < 0x1p-80 || queryNorm < 0x1p-80 || rowNormMin < 0x1p-80
    }

    /// A lower bound of a canonical inner product.
    package func lowerBound(approximate: Float, queryNorm: Double, rowNormMax: Double) -> Double {
        Double(approximate) - bound.slack(queryNorm: queryNorm, rowNorm: rowNormMax)
    }

    /// A lower bound of a canonical cosine, for tiles that do not underflow.
    package func cosineLowerBound(approximate: Float, queryNorm: Double, rowNorm: Double) -> Double {
        guard rowNorm > 0 else { return 0 }
        return Double(approximate) / (queryNorm * rowNorm) - bound.relative - 0x1p-45
    }

    /// A float32 that is at most a value.
    package static func roundedDown(_ value: Double) -> Float {
        let lowered = value - value.magnitude * 0x1p-50
        let rounded = Float(lowered)
        return Double(rounded) > lowered ? rounded.nextDown : rounded
    }
}
