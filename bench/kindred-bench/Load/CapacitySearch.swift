/// The greatest rate that a server keeps up with, from open loops at some rates and further ones between them.
struct CapacitySearch<Run> {
    /// Runs at a rate, more than half of which must be kept up with: of one run alone, the luckiest of all rates would
    /// be the capacity.
    static var runsPerRate: Int { 3 }
    /// Halvings of the distance between that rate and the next one above.
    static var steps: Int { 2 }

    /// The runs at the rate that was found; empty where there is none.
    private(set) var runs: [Run] = []
    /// True where no greater rate was tried: the server may be good for more.
    private(set) var isLeast = false
    /// All runs that were made for the search.
    private(set) var made: [Run] = []

    /// `tried` are runs by ascending rate; `measure` makes one.
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

    /// Whether most runs at a rate are kept up with, of which one has been made; they are the result then.
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
