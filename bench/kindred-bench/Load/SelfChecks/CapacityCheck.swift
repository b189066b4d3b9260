/// Checks the search for a capacity with a simulated server that keeps up with every rate up to a limit.
enum CapacityCheck {
    private struct Run {
        let rate: Double
        let isKeptUp: Bool
    }

    private static let rates = [90.0, 100, 110, 125, 150]

    static func run() async throws -> Check {
        var differences: [String] = []
        for limit in stride(from: 80.0, through: 160, by: 0.5) {
            // Repeated with a server that is lucky in the first run at every rate.
            for isLucky in [false, true] {
                let tried = rates.map { ($0, Run(rate: $0, isKeptUp: isLucky || $0 <= limit)) }
                let search = try await CapacitySearch(tried, isKeptUp: \.isKeptUp) {
                    Run(rate: $0, isKeptUp: $0 <= limit)
                }
                let below = rates.last { $0 <= limit }
                let above = rates.first { $0 > limit }
                let found = search.runs.first?.rate
                // The result is within a quarter of the interval between two rates, after two halvings.
                let isRight =
                    switch (below, above) {
                    case (nil, _): found == nil && !search.isLeast
                    case (_, nil): found == rates.last && search.isLeast
                    case (let below?, let above?):
                        found.map { $0 <= limit && limit - $0 < (above - below) / 4 + 1e-9 } ?? false
                    }
                if !isRight || found != nil && search.runs.count != CapacitySearch<Run>.runsPerRate {
                    differences.append(
                        "limit \(limit)\(isLucky ? ", lucky" : ""): \(found.map { "\($0)" } ?? "none") of "
                            + "\(search.runs.count) runs, \(search.isLeast ? "at least" : "found")")
                }
            }
        }
        return Check(
            none: "capacities that the search misses", found: differences.count,
            example: differences.first)
    }
}
