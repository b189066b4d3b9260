import Foundation
import KindredClient
import KindredModel
import KindredSystem
import KindredTerminal

/// Measures starts of a server on a packed version, and swaps of a running server to a second version under load.
struct ReadyRun {
    private let scratch: ScratchFolder
    private let model: DrawnModel
    private let second: WithheldVersion
    private let inFlight: Int
    private let rounds: Int
    private let steady: Duration

    /// Time of requests before the steady phase, for connections and first executions of all paths.
    private static let warming = Duration.milliseconds(200)

    /// Draws and packs two identical versions.
    init(rows: Int, dimension: Int, inFlight: Int, rounds: Int, steady: Duration) throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        progress.show("making \(rows.groupedDigits) x \(dimension)")
        let team = ThreadTeam(count: Machine.current.coreCount)
        model = try DrawnModel(.flat, rows: rows, dimension: dimension, shipped: "", team: team)
        scratch = try ScratchFolder()
        progress.show("packing")
        try model.publish(versions: 2, in: scratch)
        second = try WithheldVersion(2, of: model, in: scratch)
        self.inFlight = inFlight
        self.rounds = rounds
        self.steady = steady
    }

    func report(binary: String) async throws -> ReadyReport {
        let progress = ProgressLine()
        defer { progress.clear() }
        var report = ReadyReport(rows: model.rows, dimension: model.dimension, inFlight: inFlight)
        // The first start fills the page cache and is not counted.
        for round in 0...rounds {
            progress.show("start \(round) of \(rounds)")
            let seconds = try start(binary: binary)
            if round > 0 { report.add(start: seconds) }
        }
        for round in 1...rounds {
            progress.show("swap \(round) of \(rounds)")
            try await swap(binary: binary, into: &report)
        }
        report.finish()
        return report
    }

    /// Touches and frees as much memory as a version takes. Otherwise the first touch could wait for a virtual
    /// machine's host, which takes free memory away.
    private func warmMemory() throws {
        let region = try MemoryRegion(
            byteCount: 2 * EngineModel.byteCount(rows: model.rows, dimension: model.dimension))
        let page = 4_096
        for offset in stride(from: 0, to: region.byteCount, by: page) {
            region.mutableBytes[offset] = 1
        }
    }

    /// Seconds from starting the process to its "listening" line.
    private func start(binary: String) throws -> Double {
        try warmMemory()
        try forgetState()
        let begun = ContinuousClock.now
        let server = try ServerProcess(binary: binary, scratch: scratch)
        let elapsed = ContinuousClock.now - begun
        try server.stop()
        return elapsed.inSeconds
    }

    /// Removes the state, which names the version that the previous server activated.
    private func forgetState() throws {
        let path = scratch.path + "/state"
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }

    private func swap(binary: String, into report: inout ReadyReport) async throws {
        try forgetState()
        let server = try ServerProcess(binary: binary, scratch: scratch)
        let control = KindredClient(server.endpoint)
        _ = try await control.models()
        let watch = try SwapWatch(server.endpoint, inFlight: inFlight)
        async let watched = onThread { try watch.run() }
        do {
            try await Task.sleep(for: Self.warming)
            try warmMemory()
            try second.warmPageCache()
            let steadySince = ContinuousClock.now
            try await Task.sleep(for: steady)
            let appeared = ContinuousClock.now
            try second.publish()
            _ = try await control.load(model: model.name, version: 2)
            watch.stop(with: 2)
            report.add(swap: try await watched, steadySince: steadySince, appeared: appeared)
        } catch {
            // Any version's answer ends the requests.
            watch.stop(with: 1)
            _ = try? await watched
            throw error
        }
        await control.close()
        try server.stop()
        try second.takeBack()
    }
}
