import Glibc

/// Checks Zipf's law against its definition: the frequencies of some ranks.
enum ZipfCheck {
    private static let count = 1_000
    private static let draws = 50_000
    private static let exponents = [0.5, 1, 1.5]
    /// Greatest deviation of a share, in standard deviations.
    private static let deviations = 5.0

    static func run() -> Check {
        var source = RandomSource(seed: 3)
        var differences: [String] = []
        for exponent in exponents {
            let law = ZipfLaw(count: count, exponent: exponent)
            var found = [Int](repeating: 0, count: count + 1)
            for _ in 0..<draws { found[law.rank(using: &source)] += 1 }
            let sum = (1...count).reduce(0) { $0 + pow(Double($1), -exponent) }
            for rank in [1, 2, 10, count] {
                let share = pow(Double(rank), -exponent) / sum
                let deviation = (share * (1 - share) / Double(draws)).squareRoot()
                let drawn = Double(found[rank]) / Double(draws)
                if abs(drawn - share) > deviations * deviation {
                    differences.append("s = \(exponent), rank \(rank): \(drawn), wanted \(share)")
                }
            }
        }
        return Check(
            none: "of \(4 * exponents.count) ranks, those whose frequency is not that of Zipf's law",
            found: differences.count, example: differences.first)
    }
}
