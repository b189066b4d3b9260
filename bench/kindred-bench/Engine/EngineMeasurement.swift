import KindredDomain
import KindredQuery
import KindredTerminal

/// Measures the settings of one model in turn, and compares all their answers.
struct EngineMeasurement {
    let model: EngineModel
    let settings: [EngineSetting]
    let limits: MachineLimits
    let crews: Crews
    let interleaved: Interleaved

    /// Every setting answers at least so many of the queries, and those its checksum is of.
    private static let queriesShown = 8
    /// Answers are compared until so much time has passed.
    private static let comparingSecondsMax = 0.5

    struct Result {
        var rows: [EngineRow] = []
        /// Queries that two settings answered differently, the first one named.
        var differences = 0
        var firstDifference: String?
    }

    /// What a setting's first batches showed.
    private struct Sighting {
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
                ($0, BatchRunner(model: model, crew: crews[$0]))
            })
        var result = Result()
        var wanted: [Int: [UInt64?]] = [:]
        var sightings: [Sighting] = []
        var works: [() -> Void] = []
        for setting in settings {
            guard let runner = runners[setting.threads] else { continue }
            let batches = batches(of: setting)
            let sighting = look(setting, batches, runner)
            compare(sighting, setting, &wanted, &result)
            sightings.append(sighting)
            var next = 0
            works.append {
                _ = runner.run(batches[next])
                next = (next + 1) % batches.count
            }
        }
        let samples = try interleaved.run(works, progress: progress)
        for (index, setting) in settings.enumerated() {
            result.rows.append(row(setting, sightings[index], samples[index]))
        }
        return result
    }

    /// All queries, cut into batches; the last ones begin again with the first query.
    private func batches(of setting: EngineSetting) -> [[PlannedQuery]] {
        let count = (EngineModel.queryCount + setting.batch - 1) / setting.batch
        let all = model.planned(count * setting.batch, k: setting.k, path: setting.path.planned)
        return (0..<count).map { Array(all[$0 * setting.batch..<($0 + 1) * setting.batch]) }
    }

    private func look(
        _ setting: EngineSetting, _ batches: [[PlannedQuery]], _ runner: BatchRunner
    ) -> Sighting {
        let share = HardwareShare(limits: limits, setting: setting)
        var sighting = Sighting()
        let start = ContinuousClock.now
        for batch in batches {
            let outcome = runner.run(batch)
            sighting.hashes += outcome.answers.map(AnswerChecksum.of)
            for counts in outcome.counts {
                sighting.rescored += counts.rowsRescored
                sighting.scanned += counts.rowsScanned
            }
            sighting.batches += 1
            if let bound = share.bound(outcome.counts) {
                sighting.boundSeconds += bound.seconds
                sighting.boundName = bound.name
            } else {
                sighting.isBounded = false
            }
            if sighting.queries >= Self.queriesShown,
                (ContinuousClock.now - start).inSeconds > Self.comparingSecondsMax
            {
                break
            }
        }
        return sighting
    }

    /// Compares with what the first setting of the same k answered.
    private func compare(
        _ sighting: Sighting, _ setting: EngineSetting, _ wanted: inout [Int: [UInt64?]],
        _ result: inout Result
    ) {
        var known = wanted[setting.k] ?? Array(repeating: nil, count: EngineModel.queryCount)
        for (index, hash) in sighting.hashes.enumerated() {
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

    private func row(_ setting: EngineSetting, _ sighting: Sighting, _ samples: Samples) -> EngineRow {
        var checksum = AnswerChecksum()
        for hash in sighting.hashes.prefix(Self.queriesShown) { checksum.add(hash) }
        let queries = Double(sighting.queries)
        let bound = sighting.boundSeconds / Double(sighting.batches)
        return EngineRow(
            data: setting.data, rows: setting.rows, dimension: setting.dimension, batch: setting.batch,
            k: setting.k, path: setting.path, threads: "\(setting.threads.count(of: limits.machine))",
            queriesPerSecond: Double(setting.batch) / samples.median,
            microsecondsPerQuery: samples.median / Double(setting.batch) * 1e6,
            microsecondsPerQueryBest: samples.best / Double(setting.batch) * 1e6, noise: samples.spread,
            shareOfLimit: sighting.isBounded ? bound / samples.best : nil, limit: sighting.boundName,
            rowsRescoredPerQuery: Double(sighting.rescored) / queries,
            shareOfRowsPruned: max(0, 1 - Double(sighting.scanned) / queries / Double(setting.rows)),
            checksum: checksum.value.hexadecimal, queriesCompared: sighting.queries)
    }
}
