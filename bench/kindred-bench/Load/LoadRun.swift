import KindredClient
import KindredDomain

/// One load on one server: warm-up, measurement, and the repetition of sampled requests.
final class LoadRun: Sendable {
    let target: LoadTarget
    let scenario: Scenario
    let pool: RequestPool
    let generator: LoadGenerator
    private let shape: LoadShapeOptions
    private let verifiedCount: Int

    /// Encodes the requests and connects. `verifiedCount`: requests whose answers are compared.
    init(
        _ target: LoadTarget, _ shape: LoadShapeOptions, _ scenario: Scenario, verifiedCount: Int,
        model: String?
    )
        throws
    {
        self.target = target
        self.shape = shape
        self.scenario = scenario
        self.verifiedCount = verifiedCount
        var maker = try RequestMaker(
            scenario, model: model.flatMap { ModelName($0) }, ids: target.ids, law: shape.ids,
            exponent: shape.zipfExponent, k: shape.k, seed: shape.seed)
        pool = try maker.pool(shape.pool)
        generator = try LoadGenerator(
            target.endpoint, pool: pool, connections: shape.connections, threads: shape.generatorThreads,
            timeoutMilliseconds: shape.timeoutMs, serverProcessID: target.serverProcessID)
    }

    /// Warms up, measures and compares answers. `swapInterval`: nil for no version swaps.
    func report(swapInterval: Duration?) async throws -> LoadReport {
        let loop = shape.loop
        let loadBefore = LoadAverage.lastMinute
        try await warmUp(loop)
        let result: LoadResult
        let samples: AnswerSamples
        var verification = AnswerVerification()
        if let swapInterval {
            let swaps = try VersionSwaps(target, every: swapInterval)
            do {
                (result, samples) = try await measure(loop, swaps, into: &verification)
            } catch {
                // The first failure is reported; restoring is tried and its failure ignored.
                try? await swaps.restore()
                throw error
            }
            try await swaps.restore()
        } else {
            (result, samples) = try await countingRepeats {
                try await onThread { try self.measure(loop, nil) }
            }
            try await verify(samples, version: nil, into: &verification)
        }
        return LoadReport(
            setting: setting, loadBefore: loadBefore, result: result, samples: samples,
            verification: verification)
    }

    /// Runs the same load without counting.
    func warmUp(_ loop: LoadLoop) async throws {
        guard shape.warmUp > 0 else { return }
        try await onThread { [self] in
            var none = AnswerSamples(0, of: pool)
            _ = try generator.measure(loop, seconds: shape.warmUp, title: "warm-up", samples: &none)
        }
    }

    /// Measures without comparing answers.
    func measure(_ loop: LoadLoop, title: String, seconds: Double? = nil) async throws -> LoadResult {
        try await onThread { [self] in
            var none = AnswerSamples(0, of: pool)
            return try generator.measure(
                loop, seconds: seconds ?? shape.seconds, title: title, samples: &none)
        }
    }

    var setting: LoadSetting { LoadSetting(shape, scenario, target, poolCount: pool.entries.count) }

    /// Measures while versions are swapped. Then activates each version and repeats the requests that it answered.
    private func measure(
        _ loop: LoadLoop, _ swaps: VersionSwaps, into verification: inout AnswerVerification
    ) async throws -> (LoadResult, AnswerSamples) {
        let windows = SwapWindows()
        var (result, samples) = try await countingRepeats {
            try await swaps.run(windows) { try self.measure(loop, windows) }
        }
        result.swaps = LoadResult.SwapFigures(
            during: LatencyFigures(result.duringSwaps), outside: LatencyFigures(result.outsideSwaps),
            windows: windows.all)
        for version in try target.versions() {
            try await swaps.activate(version)
            try await verify(samples, version: version, into: &verification)
        }
        return (result, samples)
    }

    private func measure(_ loop: LoadLoop, _ windows: SwapWindows?) throws -> (LoadResult, AnswerSamples) {
        var samples = AnswerSamples(verifiedCount, of: pool)
        let result = try generator.measure(
            loop, seconds: shape.seconds, title: loop.text, samples: &samples, swaps: windows)
        return (result, samples)
    }

    /// Adds to a measurement the number of requests that the server answered from its cache.
    private func countingRepeats(
        _ measure: () async throws -> (LoadResult, AnswerSamples)
    ) async throws -> (LoadResult, AnswerSamples) {
        let repeats = try await CacheHitCounter(target)
        var (result, samples) = try await measure()
        result.repeatedCount = try await repeats.count()
        return (result, samples)
    }

    private func verify(
        _ samples: AnswerSamples, version: UInt64?, into verification: inout AnswerVerification
    ) async throws {
        verification = try await onThread { [self, verification] in
            var verification = verification
            try verification.run(target.endpoint, pool: pool, samples: samples, version: version)
            return verification
        }
    }
}
