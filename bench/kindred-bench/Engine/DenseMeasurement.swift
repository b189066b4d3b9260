import KindredKernels
import KindredQuery
import KindredSystem
import KindredTerminal

/// Queries for which every row reaches the threshold. Compares the int8 path, which hands them over to BLAS, with BLAS
/// from the start.
struct DenseMeasurement {
    let run: EngineRun
    let rows: Int

    private static let dimension = 64
    private static let k = 10
    /// Greatest allowed ratio of the int8 path's time to that of BLAS.
    private static let goal = 1.5

    func measure(into report: inout EngineReport) throws {
        let flat = VectorDistribution.flat(dimension: Self.dimension)
        let team = run.teams[.all]
        let drawn = try flat.vectors(2, seed: 21, team: team)
        let zero = Array(repeating: Float(0), count: Self.dimension)
        let equal = try MemoryRegion(byteCount: rows * Self.dimension * MemoryLayout<Float>.stride)
        let elements = equal.mutableBytes.bindMemory(to: Float.self)
        for index in elements.indices { elements[index] = drawn[0][index % Self.dimension] }
        try measure("all rows equal", vectors: equal, query: drawn[1], into: &report)
        try measure(
            "a zero query", vectors: flat.rows(rows, seed: 22, team: team), query: zero, into: &report)
    }

    private func measure(
        _ name: String, vectors: MemoryRegion, query: [Float], into report: inout EngineReport
    ) throws {
        run.progress.show("dense: \(name)")
        let model = try EngineModel(
            .flat, vectors: vectors, rows: rows, dimension: Self.dimension, queries: [query])
        for threads in run.grid.threads {
            let runner = BatchRunner(model: model, team: run.teams[threads])
            for batch in [1, 32] {
                func series(_ path: PlannedQuery.Path) -> BatchSeries {
                    BatchSeries(model.planned(batch, k: Self.k, path: path), batchSize: batch, runner: runner)
                }
                let (coded, blas) = (series(.int8), series(.blas))
                let samples = try run.interleaved.run([coded.contender, blas.contender])
                let found = coded.outcome(atLeast: 1)
                report.checks.append(
                    Check(
                        none:
                            "answers with \(name), batch \(batch), threads \(threads.rawValue), "
                            + "that BLAS does not give",
                        found: zip(found.answers, blas.outcome(atLeast: 1).answers).count { $0 != $1 }))
                let ratio = samples[0].ratio(to: samples[1])
                report.ratios.append(
                    RatioRow(
                        name: "\(name), batch \(batch), \(threads.rawValue): time over BLAS's",
                        ratio: ratio.median, noise: ratio.spread, goal: "<= \(Self.goal)",
                        isMet: ratio.median <= Self.goal,
                        detail: "\((samples[0].median * 1e3).fixed(2)) ms, BLAS "
                            + "\((samples[1].median * 1e3).fixed(2)) ms",
                        checksum: AnswerChecksum.of(all: found.answers)))
            }
        }
    }
}
