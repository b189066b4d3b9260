import KindredKernels
import KindredTerminal

/// Measures a grid.
struct EngineRun {
    let grid: EngineGrid
    let shipped: String
    /// Seconds of measuring each setting, over all rounds.
    let seconds: Double
    let rounds: Int
    /// True where only the checks matter: measurements are as short as possible.
    let isSmoke: Bool
    let machine: Machine
    let teams: ThreadTeams
    let progress: ProgressLine

    var interleaved: Interleaved {
        Interleaved(rounds: rounds, secondsPerSample: seconds / Double(rounds))
    }

    /// The machine's limits at the grid's dimensions, and at 64.
    func limits() throws -> MachineLimits {
        let dimensions = isSmoke ? grid.dimensions : Set(grid.dimensions + [64]).sorted()
        var probes = LimitProbes(
            productDimensions: dimensions, scanDimensions: dimensions, kernels: [ScanKernel.chosen],
            places: [.cache], interleaved: Interleaved(rounds: 15, secondsPerSample: 0.02))
        if isSmoke {
            // The smoke run's tables fit a cache.
            probes.levels = [.l1, .l2, .l3]
            probes.productsPerCall = 2_000_000
            probes.interleaved = Interleaved(rounds: 1, secondsPerSample: 0.001)
        }
        return try probes.run(on: machine, teams: teams) { progress.show($0) }
    }

    func measure(into report: inout EngineReport) throws {
        for model in grid.models {
            let name = "\(model.data.rawValue) \(model.rows.groupedDigits) x \(model.dimension)"
            let needed = EngineModel.byteCount(rows: model.rows, dimension: model.dimension)
            let available = AvailableMemory.byteCount
            // A quarter of the memory stays free.
            guard needed < available / 4 * 3 else {
                report.omissions.append(
                    "\(name): needs \(needed.mebibytes), \(available.mebibytes) are available")
                continue
            }
            progress.show("\(name): making the vectors")
            let measurement = EngineMeasurement(
                model: try EngineModel(
                    model.data, rows: model.rows, dimension: model.dimension, shipped: shipped,
                    team: teams[.all]),
                settings: grid.settings(of: model), limits: report.limits, teams: teams,
                interleaved: interleaved)
            report.add(try measurement.run { progress.show("\(name): \(Int($0 * 100)) %") })
        }
        report.finish()
    }
}
