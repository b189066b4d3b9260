import KindredDomain
import KindredQuery
import KindredTerminal

/// Measures a server under a closed loop of requests, in turn with the engine in this process over the same vectors.
struct WireRun {
    private let scratch: ScratchFolder
    private let model: EngineModel
    private let series: BatchSeries
    /// Checksums of the engine's answers in this process, by user.
    private let wanted: [UInt64]
    private let threads: Int
    private let inFlight: Int
    private let connections: Int
    private let k: Int

    /// One in so many replies is decoded and compared during the measurement; few enough to cost nothing.
    private static let sampling = 16

    /// Draws, packs and encodes a model, and answers every user with the engine.
    init(
        kind: VectorKind, rows: Int, dimension: Int, shipped: String, threads: Int, inFlight: Int,
        connections: Int, k: Int
    ) throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        progress.show("making \(rows.groupedDigits) x \(dimension)")
        let team = ThreadTeam(count: threads)
        let drawn = try DrawnModel(kind, rows: rows, dimension: dimension, shipped: shipped, team: team)
        scratch = try ScratchFolder()
        progress.show("packing")
        try drawn.publish(versions: 1, in: scratch)
        model = try EngineModel(
            kind, vectors: drawn.items, rows: rows, dimension: dimension, queries: drawn.users)
        self.threads = threads
        self.inFlight = inFlight
        self.connections = connections
        self.k = k
        let runner = BatchRunner(model: model, team: team)
        let planned = model.planned(drawn.users.count, k: k, path: .int8)
        wanted = BatchSeries(planned, batchSize: DrawnModel.userCount, runner: runner)
            .outcome(atLeast: planned.count).answers.map(AnswerChecksum.of)
        series = BatchSeries(planned, batchSize: inFlight, runner: runner)
    }

    func report(binary: String, rounds: Int, secondsPerSample: Double) throws -> WireReport {
        let progress = ProgressLine()
        defer { progress.clear() }
        let server = try ServerProcess(
            binary: binary, scratch: scratch, options: ["--threads", "\(threads)"])
        let load = try RequestLoad(
            server.endpoint, pool: .users(DrawnModel.userCount, k: k), connections: connections)
        var report = WireReport(
            kind: model.kind, rows: model.side.table.count, dimension: model.side.table.dimension, k: k,
            threads: threads, inFlight: inFlight, connections: connections)
        // Each user once, with every answer compared. This also warms both sides up.
        try compareAll(load, into: &report)
        series.step()
        for round in 0..<rounds {
            progress.show("round \(round + 1) of \(rounds)")
            try sample(load, seconds: secondsPerSample, into: &report)
            report.addEngine(queriesPerSecond: sampleEngine(seconds: secondsPerSample))
        }
        try server.stop()
        report.finish(wanted: wanted)
        return report
    }

    private func compareAll(_ load: RequestLoad, into report: inout WireReport) throws {
        var found = [UInt64?](repeating: nil, count: DrawnModel.userCount)
        var missing = found.count
        try load.run(.closed(inFlight: inFlight)) { reply, body in
            try reply.requireOK(body)
            let answer = AnswerChecksum.of(try WireAnswer(decoding: body).results)
            report.compare(answer, with: wanted[reply.entry], user: reply.entry)
            if found[reply.entry] == nil { missing -= 1 }
            found[reply.entry] = answer
            return missing > 0
        }
        report.found = found.compactMap { $0 }
    }

    /// Counts whole turns of all requests in flight, so that the position within a batch does not matter.
    private func sample(_ load: RequestLoad, seconds: Double, into report: inout WireReport) throws {
        var replies = 0
        var start = ContinuousClock.now
        var cpuStart = 0.0
        var isOver = false
        try load.run(.closed(inFlight: inFlight)) { reply, body in
            try reply.requireOK(body)
            guard !isOver else { return false }
            replies += 1
            // The first turn fills the pipeline.
            if replies <= inFlight {
                start = reply.received
                cpuStart = ProcessTime.seconds()
                return true
            }
            report.latencies.record(reply.latency)
            if replies % Self.sampling == 0 {
                report.compare(
                    AnswerChecksum.of(try WireAnswer(decoding: body).results), with: wanted[reply.entry],
                    user: reply.entry)
            }
            let elapsed = (reply.received - start).inSeconds
            guard replies % inFlight == 0, elapsed >= seconds else { return true }
            report.addWire(
                requestsPerSecond: Double(replies - inFlight) / elapsed,
                generatorLoad: (ProcessTime.seconds() - cpuStart) / elapsed)
            isOver = true
            return false
        }
    }

    private func sampleEngine(seconds: Double) -> Double {
        let start = ContinuousClock.now
        var queries = 0
        var elapsed = 0.0
        repeat {
            series.step()
            queries += series.batchSize
            elapsed = (ContinuousClock.now - start).inSeconds
        } while elapsed < seconds
        return Double(queries) / elapsed
    }
}
