import Foundation
import KindredDomain

/// faiss's exact index in a process of its own, with the vectors of a model.
final class FaissPeer {
    static let script = "bench/peers/faiss_flat.py"
    /// The batch sizes tried. faiss changes to matrix products at 20 queries and is best with thousands.
    static let batches = [1, 32, 128, 1_024, 4_096, 8_192]

    private let process: PeerProcess
    private let model: EngineModel
    private let scratch: ScratchFolder
    private let k: Int

    /// A batch size and a number of threads.
    struct Setting: Hashable {
        let batch: Int
        let threads: Int
    }

    /// Starts a Python with faiss on the model's vectors and on as many queries as the largest batch has.
    init(python: String, model: EngineModel, laws: VectorDistributions, k: Int, team: ThreadTeam) throws {
        let scratch = try ScratchFolder()
        self.scratch = scratch
        self.model = model
        self.k = k
        let table = model.side.table
        try withExtendedLifetime(table) {
            try NpyFile.write(
                rows: UnsafeRawBufferPointer(
                    start: table.vectors, count: table.count * table.dimension * MemoryLayout<Float>.stride),
                dimension: table.dimension, to: scratch.path + "/rows.npy")
        }
        let queries = try EngineModel.drawQueries(Self.batches.max() ?? 1, laws: laws, team: team)
        try NpyFile.write(
            queries.flatMap { $0 }, dimension: table.dimension, to: scratch.path + "/queries.npy")
        process = try PeerProcess(python, [Self.script, scratch.path])
    }

    /// The name that the process reports.
    var name: String { process.name }

    /// A contender that answers one batch at a time.
    func contender(_ setting: Setting) -> Interleaved.Contender {
        Interleaved.Contender { [self] seconds in
            try process.measure(batch: setting.batch, threads: setting.threads, k: k, seconds: seconds)
        }
    }

    /// Tries the batch sizes with each number of threads. Returns queries per second.
    func explore(batches: [Int], threads: [Int], progress: (String) -> Void) throws -> [Setting: Double] {
        var tried: [Setting: Double] = [:]
        for batch in batches {
            for count in threads {
                progress("\(name): batch \(batch), \(count) threads")
                let seconds = try process.measure(batch: batch, threads: count, k: k, seconds: 0.5)
                tried[Setting(batch: batch, threads: count)] = Double(batch) / seconds
            }
        }
        return tried
    }

    /// The share of faiss's ids that Kindred finds too, over the model's queries.
    func recall(of runner: BatchRunner) throws -> Double {
        let count = EngineModel.queryCount
        let path = scratch.path + "/ids.bin"
        try process.writeIDs(count: count, k: k, to: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let width = min(k, model.side.table.count)
        guard data.count == count * k * 8 else {
            throw EngineFailure.idsUnreadable(path: path, found: data.count, wanted: count * k * 8)
        }
        let answers = runner.run(model.planned(count, k: k, path: .int8)).answers
        var same = 0
        data.withUnsafeBytes { bytes in
            for (query, answer) in answers.enumerated() {
                let rows = Set(answer.map { Int64($0.row) })
                for place in 0..<width {
                    let id = bytes.loadUnaligned(fromByteOffset: (query * k + place) * 8, as: Int64.self)
                    if rows.contains(Int64(littleEndian: id)) { same += 1 }
                }
            }
        }
        return Double(same) / Double(count * width)
    }
}
