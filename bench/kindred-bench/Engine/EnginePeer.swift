import Foundation
import KindredQuery
import KindredSystem
import KindredTerminal

/// What answers another run's requests, a line each: `measure BATCH THREADS K SECONDS`, `ids COUNT K PATH` and
/// `facts`.
struct EnginePeer {
    /// A model, and what making it took.
    struct Made {
        let model: EngineModel
        /// Of coding the vectors, without having them.
        let buildSeconds: Double
        /// By which the process has grown: vectors, codes, ids.
        let residentByteCount: Int

        /// Has vectors, and makes the model of them.
        init(
            _ vectors: (Crew) throws -> (vectors: MemoryRegion, rows: Int, dimension: Int, queries: [[Float]])
        ) throws {
            let memory = ProcessMemory(processID: ProcessInfo.processInfo.processIdentifier)
            let before = try memory.resident()
            let crew = Crew(count: Machine.current.coreCount)
            let (region, rows, dimension, queries) = try vectors(crew)
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

    /// What is measured again and again: its threads and the number that fits a second are known then.
    private struct Setting: Hashable {
        let batch: Int
        let threads: Int
        let k: Int
    }

    private static let requests = "measure BATCH THREADS K SECONDS, ids COUNT K PATH or facts"
    private static let threadsMax = 1_024
    /// Threads that a table's codes are made by, at most.
    private static let loadingThreadsMax = 4

    private let made: Made
    private let path: PlannedQuery.Path
    private var crews: [Int: Crew] = [:]
    private var contenders: [Setting: Interleaved.Contender] = [:]

    init(made: Made, path: PlannedQuery.Path) {
        self.made = made
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
            buildSeconds: made.buildSeconds,
            buildThreads: min(Self.loadingThreadsMax, Machine.current.coreCount),
            residentByteCount: made.residentByteCount
        ).json
    }

    private mutating func crew(_ threads: Int) -> Crew {
        let crew = crews[threads] ?? Crew(count: threads)
        crews[threads] = crew
        return crew
    }

    private mutating func contender(_ setting: Setting) -> Interleaved.Contender {
        if let contender = contenders[setting] { return contender }
        // As many whole batches as have all queries in them.
        let batches = (made.model.queries.count + setting.batch - 1) / setting.batch
        let planned = made.model.planned(batches * setting.batch, k: setting.k, path: path)
        let series = BatchSeries(
            planned, batchSize: setting.batch,
            runner: BatchRunner(model: made.model, crew: crew(setting.threads)))
        contenders[setting] = series.contender
        return series.contender
    }

    /// Little-endian int64, `k` a query; -1 where a query has fewer answers.
    private mutating func writeIDs(count: Int, k: Int, to path: String) throws {
        let runner = BatchRunner(model: made.model, crew: crew(1))
        let answers = runner.run(made.model.planned(count, k: k, path: self.path)).answers
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
