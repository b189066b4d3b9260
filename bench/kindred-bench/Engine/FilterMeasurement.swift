import KindredQuery
import KindredTerminal

/// Compares filters of several selectivities with no filter. Filters are planned as the server plans them.
///
/// A batch is one request whose queries share the list of eligible rows. Masks are built beforehand, since planning is
/// not part of a scan.
struct FilterMeasurement {
    let run: EngineRun
    let kinds: [VectorKind]

    private static let rows = 1_000_000
    private static let dimension = 64
    private static let k = 10
    private static let queriesCompared = 8
    /// One row in `one` is eligible; `goal` is the throughput as a multiple of that without a filter.
    private static let filters = [
        (one: 2, goal: 0.9), (one: 10, goal: 0.9), (one: 100, goal: 0.9), (one: 1_000, goal: 3),
    ]

    func measure(into report: inout EngineReport) throws {
        for kind in kinds {
            for batch in [1, 32] { try measure(kind, batch: batch, into: &report) }
        }
    }

    private func measure(_ kind: VectorKind, batch: Int, into report: inout EngineReport) throws {
        run.progress.show("filters over \(kind.rawValue) vectors, batch \(batch)")
        let model = try EngineModel(
            kind, rows: Self.rows, dimension: Self.dimension, shipped: run.shipped, team: run.teams[.all])
        let runner = BatchRunner(model: model, team: run.teams[.all])
        let planner = ScanPlanner(side: model.side, mode: .auto)
        func series(
            _ source: Eligibility.Source, count: Int, path: PlannedQuery.Path? = nil
        ) -> BatchSeries {
            let path = path ?? planner.path(fetchCount: Self.k, source: source)
            let queries = model.planned(
                EngineModel.queryCount, k: Self.k, path: path,
                eligibility: Eligibility(source: source, count: count))
            return BatchSeries(queries, batchSize: batch, runner: runner)
        }
        let lists = Self.filters.map { filter in
            let rows = RowSet(capacity: Self.rows)
            for row in Self.rows(oneOf: filter.one) { rows.insert(row) }
            return rows
        }
        let masked = lists.map { list in
            series(planner.source(of: list, sharerCount: batch, fetchCount: Self.k), count: list.count)
        }
        let unfiltered = series(.all, count: Self.rows)
        let samples = try run.interleaved.run([unfiltered.contender] + masked.map(\.contender)) { _ in }
        for (index, filter) in Self.filters.enumerated() {
            let found = masked[index].outcome(atLeast: Self.queriesCompared)
            let mask = RowMask(rows: lists[index].rows, codes: model.side.codes)
            let wanted = series(.masked(mask), count: mask.count, path: .blas).outcome(
                atLeast: Self.queriesCompared)
            report.checks.append(
                Check(
                    none:
                        "answers behind the mask of 1 in \(filter.one), \(kind.rawValue), batch \(batch), "
                        + "that BLAS does not give",
                    found: zip(found.answers, wanted.answers).count { $0 != $1 }))
            let ratio = samples[0].ratio(to: samples[index + 1])
            report.ratios.append(
                RatioRow(
                    name:
                        "\(kind.rawValue), batch \(batch), filter keeps 1 in \(filter.one): throughput over none",
                    ratio: ratio.median, noise: ratio.spread, goal: ">= \(filter.goal)",
                    isMet: ratio.median >= filter.goal,
                    detail: Self.detail(samples[index + 1], samples[0], batch),
                    checksum: AnswerChecksum.of(all: found.answers.prefix(Self.queriesCompared))))
        }
    }

    /// Random rows, about one in `divisor`. The same divisor gives the same rows.
    private static func rows(oneOf divisor: Int) -> [UInt32] {
        var source = RandomSource(seed: UInt64(divisor))
        return (0..<UInt32(rows)).filter { _ in source.next() % UInt64(divisor) == 0 }
    }

    private static func detail(_ filtered: Samples, _ unfiltered: Samples, _ batch: Int) -> String {
        func time(_ samples: Samples) -> String { (samples.median / Double(batch) * 1e6).fixed(1) }
        return "\(time(filtered)) us a query, \(time(unfiltered)) without"
    }
}
