/// Kinds of vectors that are hard cases for scans.
package enum VectorShape: CaseIterable, Sendable {
    /// Independent normal elements.
    case flat
    /// Norms over ten orders of magnitude.
    case skewed
    /// Few distinct rows, so that most scores tie.
    case duplicated
    /// Small integers: sums are exact, ties are many.
    case integers
    /// Every row equal.
    case constant
    /// Elements near the least positive float32.
    case denormal
    /// Rows whose scores differ by less than float32 resolves.
    case nearTies
    /// One row of a huge norm among tiny ones.
    case outlier
    /// No element below 0, so that a negated row scores below 0 everywhere.
    case oneSided
}

extension VectorShape {
    /// `count` rows of `dimension` elements.
    package func rows(
        count: Int, dimension: Int, using generator: inout SeededGenerator
    ) -> [[Float]] {
        func normalRow(_ scale: Double) -> [Float] {
            (0..<dimension).map { _ in Float(generator.normal() * scale) }
        }
        switch self {
        case .flat: return (0..<count).map { _ in normalRow(1) }
        case .skewed:
            return (0..<count).map { _ in
                var power = 1.0
                for _ in 0..<Int.random(in: 0...10, using: &generator) { power /= 10 }
                return normalRow(power * 100)
            }
        case .duplicated:
            let few = (0..<max(1, count / 20)).map { _ in normalRow(1) }
            return (0..<count).map { _ in few.randomElement(using: &generator)! }
        case .integers:
            return (0..<count).map { _ in
                (0..<dimension).map { _ in Float(Int.random(in: -2...2, using: &generator)) }
            }
        case .constant:
            let row = normalRow(1)
            return Array(repeating: row, count: count)
        case .outlier:
            let huge = Int.random(in: 0..<count, using: &generator)
            return (0..<count).map { normalRow($0 == huge ? 0x1p54 : 0x1p-20) }
        case .oneSided: return (0..<count).map { _ in normalRow(1).map(abs) }
        case .denormal: return (0..<count).map { _ in normalRow(1e-43) }
        case .nearTies:
            let base = normalRow(1)
            return (0..<count).map { _ in
                base.map { Bool.random(using: &generator) ? $0 : $0.nextUp }
            }
        }
    }
}
