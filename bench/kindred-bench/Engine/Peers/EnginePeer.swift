import Foundation
import KindredQuery
import KindredSystem
import KindredTerminal

/// Answers the requests of another run, one per line: `measure BATCH THREADS K SECONDS`, `ids COUNT K PATH` and
/// `facts`.
struct EnginePeer {
    /// A model, with the time and memory that building it took.
    struct BuiltModel {
        let model: EngineModel
        /// Seconds for encoding the vectors; obtaining them is not included.
        let buildSeconds: Double
        /// Growth of the process in bytes: vectors, codes and ids.
        let residentByteCount: Int

        /// Builds the model from the vectors that the closure returns.
        init(
            _ vectors: (ThreadTeam) throws -> (
                vectors: MemoryRegion, rows: Int, dimension: Int, queries: [[Float]]
            )
        ) throws {
            let memory = ProcessMemory(processID: ProcessInfo.processInfo.processIdentifier)
            let before = try memory.resident()
            let team = ThreadTeam(count: Machine.current.coreCount)
            let (region, rows, dimension, queries) = try vectors(team)
            let start = ContinuousClock.now
            model = try EngineModel(
                .flat, vectors: region, rows: rows, dimension: dimension, queries: queries)
            buildSeconds = (ContinuousClock.now - start).inSeconds
            residentByteCount = try memory.resident() - before
        }
    }

    private struct Facts: Encodable {
        let buildSeconds: Double
        let buildThreads: Int
        let residentByteCount: Int
    }

    /// A repeated measurement. Its threads and its repetitions per second are kept.
    private struct Setting: Hashable {
        let batch: Int
        let threads: Int
        let k: Int
    }

    private static let requests = "measure BATCH THREADS K SECONDS, ids COUNT K PATH or facts"
    private static let threadsMax = 1_024
    /// Greatest number of threads that encode a table.
    private static let loadingThreadsMax = 4

    private let built: BuiltModel
    private let path: PlannedQuery.Path
    private var teams: [Int: ThreadTeam] = [:]
    private var contenders: [Setting: Interleaved.Contender] = [:]

    init(built: BuiltModel, path: PlannedQuery.Path) {
        self.built = built
        self.path = path
    }

    /// The reply to a line. Throws where ids cannot be written.
    mutating func answer(_ line: String) throws -> String {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        switch words.first {
        case "facts" where words.count == 1: return try facts()
        case "measure":
            let numbers = line.split(separator: " ").dropFirst()
            guard numbers.count == 4, let batch = numbers.first.flatMap({ Int($0) }), batch > 0,
                let threads = Int(words[2]), (1...Self.threadsMax).contains(threads),
                let k = numbers.dropFirst(2).first.flatMap({ Int($0) }), k > 0,
                let seconds = numbers.last.flatMap({ Double($0) }), seconds > 0
            else { return unknown(line) }
            return "\(try contender(Setting(batch: batch, threads: threads, k: k)).sample(seconds))"
        case "ids" where words.count == 4:
            guard let count = Int(words[1]), count > 0, let k = Int(words[2]), k > 0 else {
                return unknown(line)
            }
            try writeIDs(count: count, k: k, to: words[3])
            return "done"
        default: return unknown(line)
        }
    }

    private func unknown(_ line: String) -> String { "unknown request \"\(line)\", wanted \(Self.requests)" }

    private func facts() throws -> String {
        try Facts(
            buildSeconds: built.buildSeconds,
            buildThreads: min(Self.loadingThreadsMax, Machine.current.coreCount),
            residentByteCount: built.residentByteCount
        ).jsonText
    }

    private mutating func team(_ threads: Int) -> ThreadTeam {
        let team = teams[threads] ?? ThreadTeam(count: threads)
        teams[threads] = team
        return team
    }

    private mutating func contender(_ setting: Setting) -> Interleaved.Contender {
        if let contender = contenders[setting] { return contender }
        // Enough whole batches to contain all queries.
        let batches = (built.model.queries.count + setting.batch - 1) / setting.batch
        let planned = built.model.planned(batches * setting.batch, k: setting.k, path: path)
        let series = BatchSeries(
            planned, batchSize: setting.batch,
            runner: BatchRunner(model: built.model, team: team(setting.threads)))
        contenders[setting] = series.contender
        return series.contender
    }

    /// Writes `k` ids per query as little-endian int64, with -1 for missing answers.
    private mutating func writeIDs(count: Int, k: Int, to path: String) throws {
        let runner = BatchRunner(model: built.model, team: team(1))
        let answers = runner.run(built.model.planned(count, k: k, path: self.path)).answers
        var data = Data(capacity: count * k * 8)
        for answer in answers {
            for place in 0..<k {
                let id = place < answer.count ? Int64(answer[place].row) : -1
                withUnsafeBytes(of: id.littleEndian) { data.append(contentsOf: $0) }
            }
        }
        try data.write(to: URL(fileURLWithPath: path))
    }
}
