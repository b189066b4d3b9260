import KindredDomain

/// The integers that a comparison with a number lets through: those of `least ... greatest`, none where `greatest` is
/// below `least`.
struct IntegerRange: Sendable, Equatable {
    var least: Int64
    var greatest: Int64

    static let all = IntegerRange(least: .min, greatest: .max)
    static let none = IntegerRange(least: .max, greatest: .min)

    var isEmpty: Bool { greatest < least }

    func intersection(_ other: IntegerRange) -> IntegerRange {
        IntegerRange(least: max(least, other.least), greatest: min(greatest, other.greatest))
    }

    /// Exact for every integer and every number. `number` is neither NULL nor a text.
    init(_ comparison: NumberComparison, _ number: AttributeValue) {
        switch number {
        case .integer(let integer): self.init(comparison, integer)
        case .real(let real): self.init(comparison, real)
        case .null, .text: self = .none
        }
    }

    private init(least: Int64, greatest: Int64) {
        self.least = least
        self.greatest = greatest
    }

    private init(_ comparison: NumberComparison, _ integer: Int64) {
        switch comparison {
        case .equal: self.init(least: integer, greatest: integer)
        case .atMost: self.init(least: .min, greatest: integer)
        case .atLeast: self.init(least: integer, greatest: .max)
        case .below: self = integer == .min ? .none : IntegerRange(least: .min, greatest: integer - 1)
        case .above: self = integer == .max ? .none : IntegerRange(least: integer + 1, greatest: .max)
        }
    }

    private init(_ comparison: NumberComparison, _ real: Double) {
        // A real that is no integer lies between two, and one beyond 64 bits beyond all.
        switch comparison {
        case .equal:
            self = Int64(exactly: real).map { IntegerRange(.equal, $0) } ?? .none
        case .atMost, .below:
            let bound = comparison == .atMost ? real.rounded(.down) : real.rounded(.up)
            if let integer = Int64(exactly: bound) {
                self.init(comparison, integer)
            } else {
                self = real > 0 ? .all : .none
            }
        case .atLeast, .above:
            let bound = comparison == .atLeast ? real.rounded(.up) : real.rounded(.down)
            if let integer = Int64(exactly: bound) {
                self.init(comparison, integer)
            } else {
                self = real > 0 ? .none : .all
            }
        }
    }
}

/// The reals that a comparison with a number lets through: those of `least ... greatest`.
struct RealRange: Sendable, Equatable {
    var least: Double
    var greatest: Double

    static let all = RealRange(least: -.infinity, greatest: .infinity)
    static let none = RealRange(least: .infinity, greatest: -.infinity)

    var isEmpty: Bool { greatest < least }

    func intersection(_ other: RealRange) -> RealRange {
        RealRange(least: max(least, other.least), greatest: min(greatest, other.greatest))
    }

    /// Exact for every real and every number. `number` is neither NULL nor a text.
    init(_ comparison: NumberComparison, _ number: AttributeValue) {
        switch number {
        case .integer(let integer): self.init(comparison, integer)
        case .real(let real): self.init(comparison, real)
        case .null, .text: self = .none
        }
    }

    private init(least: Double, greatest: Double) {
        self.least = least
        self.greatest = greatest
    }

    private init(_ comparison: NumberComparison, _ real: Double) {
        switch comparison {
        case .equal: self.init(least: real, greatest: real)
        case .atMost: self.init(least: -.infinity, greatest: real)
        case .atLeast: self.init(least: real, greatest: .infinity)
        case .below:
            self = real == -.infinity ? .none : RealRange(least: -.infinity, greatest: real.nextDown)
        case .above: self = real == .infinity ? .none : RealRange(least: real.nextUp, greatest: .infinity)
        }
    }

    private init(_ comparison: NumberComparison, _ integer: Int64) {
        let nearest = Double(integer)
        let order = AttributeValue.order(integer, nearest)
        if order == 0 {
            self.init(comparison, nearest)
            return
        }
        // The integer lies between the nearest real and a neighbour of it.
        switch comparison {
        case .equal: self = .none
        case .atMost, .below:
            self.init(least: -.infinity, greatest: order < 0 ? nearest.nextDown : nearest)
        case .atLeast, .above:
            self.init(least: order < 0 ? nearest : nearest.nextUp, greatest: .infinity)
        }
    }
}

/// A comparison of a column, on its left, with a number that a range can say.
enum NumberComparison: Sendable {
    case equal, below, atMost, above, atLeast
}
