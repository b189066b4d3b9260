import KindredTerminal

/// Compares the engine with faiss on each model of a grid, in turn within the same rounds.
struct FaissMeasurement {
    let run: EngineRun
    let python: String
    private static let k = 10

    func measure(into report: inout EngineReport) throws {
        for shape in run.grid.models {
            let team = run.teams[.all]
            let laws = try VectorDistributions(shape.data, dimension: shape.dimension, shipped: run.shipped)
            let model = try EngineModel(
                shape.data, laws: laws, rows: shape.rows, dimension: shape.dimension, team: team)
            let comparison = try FaissComparison(
                run: run, model: model, laws: laws, python: python, k: Self.k)
            try comparison.measure(into: &report)
        }
    }
}

/// Compares one model in the engine and in faiss: each with its best batch size, and with single queries.
final class FaissComparison {
    /// Ratios of the engine's measurements to those of faiss.
    struct Ratios {
        /// Throughput with batches of 128 as a multiple of faiss's best over all batch sizes and threads.
        let batched: (median: Double, spread: Double)
        /// The time of a single query as a share of faiss's time.
        let single: (median: Double, spread: Double)
        /// Microseconds per query: Kindred in batches and alone, faiss in batches and alone.
        let microseconds: (batched: Double, single: Double, peerBatched: Double, peerSingle: Double)
        let checksum: String
    }

    static let batch = 128
    private static let roundsMax = 5

    private let run: EngineRun
    private let model: EngineModel
    private let peer: FaissPeer
    private let k: Int

    init(run: EngineRun, model: EngineModel, laws: VectorDistributions, python: String, k: Int) throws {
        self.run = run
        self.model = model
        self.k = k
        run.progress.show("handing \(model.side.table.count.groupedDigits) rows to faiss")
        peer = try FaissPeer(python: python, model: model, laws: laws, k: k, team: run.teams[.all])
    }

    private var name: String {
        let table = model.side.table
        return "\(model.kind.rawValue) \(table.count.groupedDigits) x \(table.dimension)"
    }

    /// Measures and adds faiss's rows to the report. `onlyAlone`: measures single queries alone.
    @discardableResult
    func measure(onlyAlone: Bool = false, into report: inout EngineReport) throws -> Ratios {
        let tried = try peer.explore(
            batches: onlyAlone ? [1] : FaissPeer.batches,
            threads: run.grid.threads.map { $0.count(of: run.machine) }
        ) { run.progress.show($0) }
        func best(_ settings: some Sequence<FaissPeer.Setting>) -> FaissPeer.Setting {
            settings.max { tried[$0, default: 0] < tried[$1, default: 0] } ?? .init(batch: 1, threads: 1)
        }
        let (atBest, alone) = (best(tried.keys), best(tried.keys.filter { $0.batch == 1 }))
        let runner = BatchRunner(model: model, team: run.teams[.all])
        let planned = model.planned(EngineModel.queryCount, k: k, path: .int8)
        let many = BatchSeries(planned, batchSize: Self.batch, runner: runner)
        let one = BatchSeries(planned, batchSize: 1, runner: runner)
        // Few rounds, since faiss takes long for a batch of thousands over a million rows.
        let interleaved = Interleaved(
            rounds: min(run.rounds, Self.roundsMax), secondsPerSample: run.interleaved.secondsPerSample)
        let samples = try interleaved.run(
            [many.contender, peer.contender(atBest), one.contender, peer.contender(alone)]
        ) { run.progress.show("\(name) beside \(peer.name): \(Int($0 * 100)) %") }
        addPeers(
            tried, measured: [(atBest, samples[1]), (alone, samples[3])], recall: try peer.recall(of: runner),
            to: &report)
        let perQuery = [Double(Self.batch), Double(atBest.batch), 1, 1]
        let microseconds = zip(samples, perQuery).map { $0.median / $1 * 1e6 }
        let byBatch = samples[1].ratio(to: samples[0])
        return Ratios(
            batched: (byBatch.median * Double(Self.batch) / Double(atBest.batch), byBatch.spread),
            single: samples[2].ratio(to: samples[3]),
            microseconds: (microseconds[0], microseconds[2], microseconds[1], microseconds[3]),
            checksum: AnswerChecksum.of(all: many.outcome(atLeast: Self.batch).answers))
    }

    private func addPeers(
        _ tried: [FaissPeer.Setting: Double], measured: [(setting: FaissPeer.Setting, samples: Samples)],
        recall: Double,
        to report: inout EngineReport
    ) {
        let settings = tried.keys.sorted { ($0.threads, $0.batch) < ($1.threads, $1.batch) }
        for setting in settings {
            let samples = measured.first { $0.setting == setting }?.samples
            report.peers.append(
                PeerRow(
                    name: "\(peer.name), \(model.kind.rawValue)", rows: model.side.table.count,
                    dimension: model.side.table.dimension, batch: setting.batch, threads: setting.threads,
                    queriesPerSecond: samples.map { Double(setting.batch) / $0.median } ?? tried[setting]
                        ?? 0,
                    noise: samples?.spread ?? 0, recall: recall))
        }
    }
}
