import KindredKernels
import KindredTerminal

/// Measures the engine's goals; each is reported as met or not met.
struct GoalMeasurement {
    let run: EngineRun
    /// The path of a Python with faiss; nil without one.
    let faiss: String?

    private static let rows = 1_000_000
    private static let smallRows = 10_240
    private static let dimension = 64
    private static let k = 10
    /// Goals for batched throughput as a multiple of faiss's best, by scan kernel.
    private static let batchedGoals = ["amx": 10.0, "vnni": 3, "avx2": 1.5]

    func measure(into report: inout EngineReport) throws {
        let flatLaws = try VectorDistributions(.flat, dimension: Self.dimension, shipped: run.shipped)
        try measureSmall(flatLaws, into: &report)
        let flat = try model(.flat, flatLaws)
        let share = try measureAlone(flat, into: &report)
        if let faiss {
            let ratios = try FaissComparison(
                run: run, model: flat, laws: flatLaws, python: faiss, k: Self.k
            ).measure(into: &report)
            addBatched(ratios, to: &report)
            try measureOtherKernels(ratios, flat, into: &report)
            addSingle(ratios, goal: 1.0 / 5, share: share, name: "flat 1 M x 64", to: &report)
            let shippedLaws = try VectorDistributions(
                .shipped, dimension: Self.dimension, shipped: run.shipped)
            let shippedRatios = try FaissComparison(
                run: run, model: try model(.shipped, shippedLaws), laws: shippedLaws, python: faiss, k: Self.k
            ).measure(onlyAlone: true, into: &report)
            addSingle(shippedRatios, goal: 1.0 / 30, share: nil, name: "shipped 1 M x 64", to: &report)
        } else {
            report.omissions.append("goals against faiss: --faiss names no Python")
        }
    }

    private func model(_ kind: VectorKind, _ laws: VectorDistributions, rows: Int = rows) throws
        -> EngineModel
    {
        run.progress.show("goals: making \(rows.groupedDigits) \(kind.rawValue) vectors")
        return try EngineModel(kind, laws: laws, rows: rows, dimension: Self.dimension, team: run.teams[.all])
    }

    /// Measures 10,240 rows in batches of 32 on one core.
    private func measureSmall(_ laws: VectorDistributions, into report: inout EngineReport) throws {
        let small = try model(.flat, laws, rows: Self.smallRows)
        let runner = BatchRunner(model: small, team: run.teams[.one])
        let series = BatchSeries(
            small.planned(EngineModel.queryCount, k: Self.k, path: .int8), batchSize: 32, runner: runner)
        let samples = try run.interleaved.run([series.contender])[0]
        addRate(
            "flat 10,240 x 64, batch 32, one core", samples, batch: 32, goal: 350_000,
            answers: series.outcome(atLeast: 32), to: &report)
    }

    /// Measures a million rows on all cores, in batches of 128 and with single queries. Returns the single query's
    /// share of the memory bandwidth limit, or nil where memory is not the limit.
    private func measureAlone(_ flat: EngineModel, into report: inout EngineReport) throws -> Double? {
        let runner = BatchRunner(model: flat, team: run.teams[.all])
        let planned = flat.planned(EngineModel.queryCount, k: Self.k, path: .int8)
        let many = BatchSeries(planned, batchSize: 128, runner: runner)
        let one = BatchSeries(planned, batchSize: 1, runner: runner)
        let samples = try run.interleaved.run([many.contender, one.contender])
        let outcome = many.outcome(atLeast: 128)
        addRate(
            "flat 1 M x 64, batch 128, all cores", samples[0], batch: 128, goal: 6_000, answers: outcome,
            to: &report)
        let setting = EngineSetting(
            data: .flat, rows: Self.rows, dimension: Self.dimension, batch: 1, k: Self.k, path: .int8,
            threads: ThreadChoice.distinct(on: run.machine).last ?? .one)
        let bound = HardwareBound(limits: report.limits, setting: setting).bound(
            Array(outcome.counts.prefix(1)))
        guard let bound, bound.name == MemoryLevel.dram.rawValue else { return nil }
        return bound.seconds / samples[1].best
    }

    private func addRate(
        _ name: String, _ samples: Samples, batch: Int, goal: Double, answers: BatchRunner.Outcome,
        to report: inout EngineReport
    ) {
        let rate = Double(batch) / samples.median
        // The goal is for a CPU with AMX; other CPUs show it too.
        let remark = ScanKernel.chosen.name == "amx" ? "" : " (AMX's goal)"
        report.ratios.append(
            RatioRow(
                name: "\(name)\(remark): queries/s over \(Int(goal).groupedDigits)", ratio: rate / goal,
                noise: samples.spread, goal: ">= 1", isMet: rate >= goal,
                detail: "\(Int(rate).groupedDigits) queries/s, \(ScanKernel.chosen.name)",
                checksum: AnswerChecksum.of(all: answers.answers)))
    }

    private func addBatched(_ ratios: FaissComparison.Ratios, to report: inout EngineReport) {
        guard let goal = Self.batchedGoals[ScanKernel.chosen.name] else { return }
        addBatched(
            ScanKernel.chosen.name, ratio: ratios.batched, goal: goal,
            microseconds: ratios.microseconds.batched,
            ratios, to: &report)
    }

    private func addBatched(
        _ kernel: String, ratio: (median: Double, spread: Double), goal: Double, microseconds: Double,
        _ ratios: FaissComparison.Ratios, to report: inout EngineReport
    ) {
        report.ratios.append(
            RatioRow(
                name: "flat 1 M x 64, batch 128, \(kernel): queries/s over faiss's best",
                ratio: ratio.median, noise: ratio.spread, goal: ">= \(goal)", isMet: ratio.median >= goal,
                detail: "\(microseconds.fixed(1)) us a query, faiss "
                    + "\(ratios.microseconds.peerBatched.fixed(1))",
                checksum: ratios.checksum))
    }

    /// Measures this CPU's lesser kernels, each in a process with `KINDRED_ISA` set.
    private func measureOtherKernels(
        _ ratios: FaissComparison.Ratios, _ flat: EngineModel, into report: inout EngineReport
    ) throws {
        for kernel in ["vnni", "avx2"] where kernel != ScanKernel.chosen.name {
            guard let goal = Self.batchedGoals[kernel],
                ScanKernel.available.contains(where: { $0.name == kernel })
            else {
                report.omissions.append("the goal of \(kernel): this CPU lacks it")
                continue
            }
            let peer = try PeerProcess(
                EnginePeerCommand.executable,
                ["engine-peer", "--rows", "\(Self.rows)", "--dimension", "\(Self.dimension)"],
                environment: ["KINDRED_ISA": kernel])
            let threads = run.machine.coreCount
            let contender = Interleaved.Contender { seconds in
                try peer.measure(batch: 128, threads: threads, k: Self.k, seconds: seconds)
            }
            let samples = try run.interleaved.run([contender]) { _ in run.progress.show("goals: \(kernel)") }[
                0]
            let microseconds = samples.median / 128 * 1e6
            addBatched(
                kernel, ratio: (ratios.microseconds.peerBatched / microseconds, samples.spread), goal: goal,
                microseconds: microseconds, ratios, to: &report)
        }
    }

    private func addSingle(
        _ ratios: FaissComparison.Ratios, goal: Double, share: Double?, name: String,
        to report: inout EngineReport
    ) {
        let isAtLimit = share.map { $0 >= 0.7 } ?? false
        let found = share.map { ", \($0.fixed(2)) of the DRAM limit" } ?? ""
        report.ratios.append(
            RatioRow(
                name: "\(name), one query at a time: time over faiss's", ratio: ratios.single.median,
                noise: ratios.single.spread,
                goal: "<= \(goal.fixed(3))" + (share == nil ? "" : " or 0.70 of DRAM"),
                isMet: ratios.single.median <= goal || isAtLimit,
                detail: "\(ratios.microseconds.single.fixed(1)) us, faiss "
                    + "\(ratios.microseconds.peerSingle.fixed(1))\(found)",
                checksum: ratios.checksum))
    }
}
