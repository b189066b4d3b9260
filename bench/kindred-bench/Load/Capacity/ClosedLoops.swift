/// Closed loops, each with half as many requests in flight as the one before, until none is refused. Open loops start
/// from the last one.
///
/// A closed loop repeats a refused request at once, and the cost of refusing would pass for the server's limit.
struct ClosedLoops: Sendable {
    /// In the order of measurement; at least one.
    private(set) var all: [LoadResult] = []

    /// The loop without refusals, or the smallest one.
    var last: LoadResult { all[all.count - 1] }

    /// Requests in flight of the next loop; nil after the last one. Each thread of the generator keeps one.
    static func next(after inFlight: Int, refused: Int, threads: Int) -> Int? {
        refused > 0 && inFlight / 2 >= threads ? inFlight / 2 : nil
    }

    /// Measures the loops, each after a warm-up. Throws where the last one had no answer.
    static func measure(_ run: LoadRun, _ shape: LoadShapeOptions, inFlight: Int) async throws -> ClosedLoops
    {
        var loops = ClosedLoops()
        var next: Int? = inFlight
        while let inFlight = next {
            let loop = LoadLoop.closed(inFlight: inFlight)
            try await run.warmUp(loop)
            let result = try await run.measure(loop, title: loop.text)
            loops.all.append(result)
            next = Self.next(after: inFlight, refused: result.refusedCount, threads: shape.generatorThreads)
        }
        guard loops.last.goodput > 0 else {
            throw LoadFailure.nothingAnswered(
                loop: loops.last.loop, seconds: loops.last.seconds, failures: loops.last.failures.map(\.line))
        }
        return loops
    }
}
