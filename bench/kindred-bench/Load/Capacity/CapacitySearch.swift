/// Searches the greatest rate that a server keeps up with, from open loops at given rates and at rates between them.
struct CapacitySearch<Run> {
    /// Runs per rate. The server must keep up in more than half: with one run, the luckiest rate would win.
    static var runsPerRate: Int { 3 }
    /// Halvings of the interval between that rate and the next one above.
    static var steps: Int { 2 }

    /// The runs at the rate found; empty without one.
    private(set) var runs: [Run] = []
    /// True where no greater rate was tried, so the capacity may be greater.
    private(set) var isLeast = false
    /// All runs made for the search.
    private(set) var made: [Run] = []

    /// `tried`: runs by ascending rate. `measure` makes a run at a rate.
    init(
        _ tried: [(rate: Double, run: Run)], isKeptUp: (Run) -> Bool,
        measure: (Double) async throws -> Run
    ) async throws {
        for (index, row) in tried.enumerated().reversed() {
            guard try await confirm(row.run, row.rate, isKeptUp, measure) else { continue }
            isLeast = index == tried.count - 1
            guard !isLeast else { return }
            var (low, high) = (row.rate, tried[index + 1].rate)
            for _ in 0..<Self.steps {
                let rate = (low + high) / 2
                let run = try await measure(rate)
                made.append(run)
                if try await confirm(run, rate, isKeptUp, measure) { low = rate } else { high = rate }
            }
            return
        }
    }

    /// Whether the server keeps up in most runs at a rate, the first of which is given. Those runs become the result.
    private mutating func confirm(
        _ first: Run, _ rate: Double, _ isKeptUp: (Run) -> Bool, _ measure: (Double) async throws -> Run
    ) async throws -> Bool {
        guard isKeptUp(first) else { return false }
        var runs = [first]
        while runs.count < Self.runsPerRate { runs.append(try await measure(rate)) }
        made += runs.dropFirst()
        guard 2 * runs.count(where: isKeptUp) > runs.count else { return false }
        self.runs = runs
        return true
    }
}
