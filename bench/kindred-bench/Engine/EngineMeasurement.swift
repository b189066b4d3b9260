import KindredDomain
import KindredQuery
import KindredTerminal

/// Measures the settings of one model in turn and compares all their answers.
struct EngineMeasurement {
    let model: EngineModel
    let settings: [EngineSetting]
    let limits: MachineLimits
    let teams: ThreadTeams
    let interleaved: Interleaved

    /// Each setting answers at least so many queries; its checksum covers them.
    private static let queriesShown = 8
    /// Time limit for comparing a setting's answers, in seconds.
    private static let comparingSecondsMax = 0.5

    struct Result {
        var rows: [EngineRow] = []
        /// Number of queries that two settings answered differently; the first one as text.
        var differences = 0
        var firstDifference: String?
    }

    /// The answers and counts of a setting's first batches, before it is measured.
    private struct Observation {
        var hashes: [UInt64] = []
        var rescored = 0
        var scanned = 0
        var boundSeconds = 0.0
        var boundName = "-"
        var isBounded = true
        var batches = 0

        var queries: Int { hashes.count }
    }

    func run(progress: (Double) -> Void) throws -> Result {
        let runners = Dictionary(
            uniqueKeysWithValues: ThreadChoice.allCases.map {
                ($0, BatchRunner(model: model, team: teams[$0]))
            })
        var result = Result()
        var wanted: [Int: [UInt64?]] = [:]
        var observations: [Observation] = []
        var works: [() -> Void] = []
        for setting in settings {
            guard let runner = runners[setting.threads] else { continue }
            let batches = batches(of: setting)
            let observation = observe(setting, batches, runner)
            compare(observation, setting, &wanted, &result)
            observations.append(observation)
            var next = 0
            works.append {
                _ = runner.run(batches[next])
                next = (next + 1) % batches.count
            }
        }
        let samples = try interleaved.run(works, progress: progress)
        for (index, setting) in settings.enumerated() {
            result.rows.append(row(setting, observations[index], samples[index]))
        }
        return result
    }

    /// All queries, cut into batches. The last batch is filled up with the first queries.
    private func batches(of setting: EngineSetting) -> [[PlannedQuery]] {
        let count = (EngineModel.queryCount + setting.batch - 1) / setting.batch
        let all = model.planned(count * setting.batch, k: setting.k, path: setting.path.planned)
        return (0..<count).map { Array(all[$0 * setting.batch..<($0 + 1) * setting.batch]) }
    }

    private func observe(
        _ setting: EngineSetting, _ batches: [[PlannedQuery]], _ runner: BatchRunner
    ) -> Observation {
        let share = HardwareBound(limits: limits, setting: setting)
        var observation = Observation()
        let start = ContinuousClock.now
        for batch in batches {
            let outcome = runner.run(batch)
            observation.hashes += outcome.answers.map(AnswerChecksum.of)
            for counts in outcome.counts {
                observation.rescored += counts.rowsRescored
                observation.scanned += counts.rowsScanned
            }
            observation.batches += 1
            if let bound = share.bound(outcome.counts) {
                observation.boundSeconds += bound.seconds
                observation.boundName = bound.name
            } else {
                observation.isBounded = false
            }
            if observation.queries >= Self.queriesShown,
                (ContinuousClock.now - start).inSeconds > Self.comparingSecondsMax
            {
                break
            }
        }
        return observation
    }

    /// Compares the answers with those of the first setting with the same k.
    private func compare(
        _ observation: Observation, _ setting: EngineSetting, _ wanted: inout [Int: [UInt64?]],
        _ result: inout Result
    ) {
        var known = wanted[setting.k] ?? Array(repeating: nil, count: EngineModel.queryCount)
        for (index, hash) in observation.hashes.enumerated() {
            let query = index % EngineModel.queryCount
            if let other = known[query] {
                guard other != hash else { continue }
                result.differences += 1
                result.firstDifference =
                    result.firstDifference
                    ?? "query \(query) of \(setting): \(hash.hexadecimal), before \(other.hexadecimal)"
            } else {
                known[query] = hash
            }
        }
        wanted[setting.k] = known
    }

    private func row(_ setting: EngineSetting, _ observation: Observation, _ samples: Samples) -> EngineRow {
        var checksum = AnswerChecksum()
        for hash in observation.hashes.prefix(Self.queriesShown) { checksum.add(hash) }
        let queries = Double(observation.queries)
        let bound = observation.boundSeconds / Double(observation.batches)
        return EngineRow(
            data: setting.data, rows: setting.rows, dimension: setting.dimension, batch: setting.batch,
            k: setting.k, path: setting.path, threads: "\(setting.threads.count(of: limits.machine))",
            queriesPerSecond: Double(setting.batch) / samples.median,
            microsecondsPerQuery: samples.median / Double(setting.batch) * 1e6,
            microsecondsPerQueryBest: samples.best / Double(setting.batch) * 1e6, noise: samples.spread,
            shareOfLimit: observation.isBounded ? bound / samples.best : nil, limit: observation.boundName,
            rowsRescoredPerQuery: Double(observation.rescored) / queries,
            shareOfRowsPruned: max(0, 1 - Double(observation.scanned) / queries / Double(setting.rows)),
            checksum: checksum.value.hexadecimal, queriesCompared: observation.queries)
    }
}
