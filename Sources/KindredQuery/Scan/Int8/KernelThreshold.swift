import KindredDomain

/// A query's threshold as the scan kernels take it: a product of codes must reach
/// `(constant + perNorm * row norm) / block scale`, less the errors.
///
/// In units of the query's scale. Errs toward keeping a row.
struct KernelThreshold {
    var constant: Float
    var perNorm: Float

    /// Every row is kept.
    static let keepsAll = KernelThreshold(constant: -.infinity, perNorm: 0)
    /// No row is kept.
    static let keepsNone = KernelThreshold(constant: .infinity, perNorm: 0)

    /// What a row must reach for its score to reach `threshold`.
    init(threshold: Float, of query: CodedQuery) {
        let floor = DiscardRule.roundingFloor(of: threshold)
        guard floor.isFinite else {
            self = .keepsAll
            return
        }
        switch query.similarity {
        case .dot: self.init(constant: Self.lowered(floor / query.code.scale), perNorm: 0)
        case .cosine:
            // A cosine is at most 1 and a little. Beyond 2 there is nothing to compare, nor to overflow.
            if floor > 2 {
                self = .keepsNone
            } else if floor < -2 {
                self = .keepsAll
            } else {
                self.init(constant: 0, perNorm: Self.lowered(floor * query.norm / query.code.scale))
            }
        }
    }

    private init(constant: Float, perNorm: Float) {
        self.constant = constant
        self.perNorm = perNorm
    }

    /// 2^-22 covers the roundings of the float64 factors and of the kernel's product with a norm.
    private static func lowered(_ value: Double) -> Float {
        DiscardRule.roundedDown(value - value.magnitude * 0x1p-22)
    }
}
