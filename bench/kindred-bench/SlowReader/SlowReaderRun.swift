import KindredClient
import KindredTerminal

/// Runs a server with one large audience, a slow reader and two bystanders.
struct SlowReaderRun {
    private static let seed: UInt64 = 20_110_102
    private static let windowBytes: UInt64 = 256 << 10
    private static let bytesPerSecond = 1_048_576.0
    /// Number of attempts, since other processes may disturb latencies.
    private static let attemptsMax = 3
    private static let idle = Duration.seconds(1)

    private let scratch: ScratchFolder
    private let model: AudienceModel
    private let slow: Duration
    private let judgesLatencies: Bool

    init(users: Int, items: Int, dimension: Int, seeds: Int, slow: Duration, judgesLatencies: Bool) throws {
        guard let name = ModelName("audience") else { preconditionFailure("a well-formed name") }
        let progress = ProgressLine()
        progress.show("making \(users.groupedDigits) x \(dimension)")
        defer { progress.clear() }
        scratch = try ScratchFolder()
        model = try AudienceModel(
            name: name, users: users, items: items, dimension: dimension, seeds: seeds, seed: Self.seed,
            in: scratch)
        self.slow = slow
        self.judgesLatencies = judgesLatencies
    }

    /// The first attempt in which every check holds, or the last one.
    func report(binary: String) async throws -> SlowReaderReport {
        let progress = ProgressLine()
        defer { progress.clear() }
        let server = try ServerProcess(binary: binary, scratch: scratch, answerCacheMebibytes: nil)
        var attempt = 1
        while true {
            progress.show("reading, attempt \(attempt)")
            let report = try await measure(server, attempt: attempt)
            if attempt == Self.attemptsMax || report.checks.allSatisfy(\.holds) {
                try server.stop()
                return report
            }
            attempt += 1
        }
    }

    private func measure(_ server: ServerProcess, attempt: Int) async throws -> SlowReaderReport {
        var configuration = ClientConfiguration()
        configuration.attemptsMax = 1
        configuration.windowBytes = Self.windowBytes
        configuration.timeout = .seconds(60)
        let clients = (0..<2).map { _ in KindredClient(server.endpoint, configuration: configuration) }
        let (reading, recommending) = (clients[0], clients[1])
        let pinging = try PingLoad(server.endpoint)
        // Connects and runs each path once before the measurement.
        for client in clients {
            _ = try await client.recommend(.user(.number(AudienceModel.id(ofRow: 0))))
        }
        let phase = StreamPhase()
        let users = model.userCount
        async let recommended = Bystander(phase: phase) { number in
            let row = number &* 7_919 % users
            _ = try await recommending.recommend(.user(.number(AudienceModel.id(ofRow: row))))
        }.run()
        async let pinged = onThread { pinging.run(phase) }

        let result: SlowReader.Result
        let before: Int
        let peak: Int
        do {
            try await Task.sleep(for: Self.idle)
            before = try server.memory.resident()
            try server.memory.resetPeak()
            phase.now = .scan
            let reader = SlowReader(
                client: reading, model: model, bytesPerSecond: Self.bytesPerSecond, slow: slow)
            result = try await reader.read { phase.now = .rows }
            peak = try server.memory.peak()
        } catch {
            phase.now = .over
            _ = try? await (recommended, pinged)
            throw error
        }
        phase.now = .over
        let (recommendations, pings) = try await (recommended, pinged)
        for client in clients { await client.close() }
        return SlowReaderReport(
            model: model, attempt: attempt, attemptsMax: Self.attemptsMax, judgesLatencies: judgesLatencies,
            result: result,
            recommendations: recommendations, pings: pings, memory: (before, peak))
    }
}
