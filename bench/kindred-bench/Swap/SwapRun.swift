import KindredClient
import KindredTerminal

/// Runs a server under load while versions are published one after another.
struct SwapRun {
    let binary: String
    let versions: UInt64
    let rows: Int
    let dimension: Int
    let connections: Int
    let steadySeconds: Double

    /// Pause between a swap and the next pack, so that the steady figures cover the whole run.
    private static let pause = Duration.milliseconds(100)
    /// Time in which the memory of an old generation is freed, before resident memory is read.
    private static let settling = Duration.milliseconds(500)
    private static let seed: UInt64 = 20_110_101

    /// The version whose memory is the baseline: the tenth, or the middle one of a short run.
    private var baseline: UInt64 { min(10, versions / 2) }

    func report() async throws -> SwapReport {
        guard let name = ModelName("swap") else { preconditionFailure("a well-formed name") }
        let progress = ProgressLine()
        defer { progress.clear() }
        progress.show("making \(rows.groupedDigits) x \(dimension)")
        let model = ScaledModel(name: name, rows: rows, dimension: dimension, seed: Self.seed)
        let scratch = try ScratchFolder()
        try model.publish(1, in: scratch) {}
        let server = try ServerProcess(binary: binary, scratch: scratch, answerCacheMebibytes: nil)
        let control = KindredClient(server.endpoint)
        let load = SwapLoad(model: model, endpoint: server.endpoint)
        async let tallied = load.run(connections: connections)
        let start = ContinuousClock.now
        var report = SwapReport(
            versions: versions, rows: rows, dimension: dimension, connections: connections, baseline: baseline
        )

        do {
            try await Task.sleep(for: .seconds(steadySeconds))
            for version in 2...versions {
                progress.show("version \(version) of \(versions)")
                try await swap(to: version, of: model, in: scratch, load, control, &report)
                if [baseline, 10, 50, 100, versions].contains(version) {
                    try await Task.sleep(for: Self.settling)
                    report.resident[Int(version)] = try server.memory.resident()
                }
                try await Task.sleep(for: Self.pause)
            }
            try await Task.sleep(for: .seconds(steadySeconds))
        } catch {
            load.stop()
            _ = await tallied
            throw error
        }
        load.stop()
        report.seconds = (ContinuousClock.now - start).inSeconds
        report.finish(await tallied)
        await control.close()
        try server.stop()
        return report
    }

    /// Publishes a version, asks the server to load it and checks that it serves.
    private func swap(
        to version: UInt64, of model: ScaledModel, in scratch: ScratchFolder, _ load: SwapLoad,
        _ control: KindredClient, _ report: inout SwapReport
    ) async throws {
        load.phase = .packing
        let published = try await onThread {
            // The last moment before the rename. The packer's fsync of the folder follows it.
            var moment = ContinuousClock.now
            try model.publish(version, in: scratch) {
                load.phase = .swapping
                moment = .now
            }
            return moment
        }
        _ = try await control.load(model: model.name, version: version)
        let models = try await control.models()
        guard let status = models.first, status.active == version else {
            throw BenchFailure.versionNotServed(
                wanted: version, active: models.first?.active ?? 0,
                refusals: models.first?.refusals.map { "\($0.version): \($0.reason)" } ?? [])
        }
        report.swapTimes.record(ContinuousClock.now - published)
        load.phase = .steady
        report.loadedMax = max(report.loadedMax, status.loaded.count)
        // The version before the previous one is not needed.
        if version > 2 { try scratch.remove(model: model.name.description, version: version - 2) }
    }
}
