import ArgumentParser
import Foundation

/// Runs every mode of `kindred-bench load` briefly, on its own server with the shipped model.
struct LoadSmoke {
    let binary: String
    let models: String

    private static let mixed = """
        {"ping": {"share": 0.1}, "user": {"share": 0.3}, "item": {"share": 0.1},
         "basket": {"share": 0.1, "members": 3},
         "filtered": {"share": 0.2, "excluded": 20, "candidates": 200},
         "batch": {"share": 0.1, "size": 16}, "lookalike": {"share": 0.1, "seeds": 5, "size": "1%"}}
        """

    /// Every kind of request with rules, over a drawn model.
    private static let ruled = """
        {"seen": {"share": 0.1}, "attributes": {"share": 0.1, "where": "share < 500 AND :number >= 0"},
         "boosts": {"share": 0.1, "boosts": [{"where": "season = 2", "multiply": 1.2},
          {"where": "stock < 5", "add": 0.02}]},
         "caps": {"share": 0.1, "caps": {"brand": 2}}, "diversity": {"share": 0.1, "weight": 0.3, "pool": 100},
         "foldIn": {"share": 0.1, "items": 5}, "page": {"share": 0.1, "offset": 20},
         "because": {"share": 0.05}, "fallback": {"share": 0.05}, "distinct": {"share": 0.1, "size": 8},
         "storefront": {"share": 0.1, "where": "price < 50", "caps": {"maker": 2}, "weight": 0.3, "offset": 10,
          "boosts": [{"where": "season = 2", "multiply": 1.2}]}}
        """

    /// The options of each run, with its name.
    private static let modes: [(name: String, options: [String])] = [
        ("ping, closed", ["--requests", "ping", "--connections", "1"]),
        ("ping, open", ["--requests", "ping", "--rate", "500"]),
        ("users, closed", ["--connections", "4", "--in-flight", "4"]),
        ("users by Zipf, open, fixed", ["--rate", "500", "--ids", "zipf"]),
        ("users, open, Poisson", ["--rate", "500", "--arrivals", "poisson"]),
        ("mixed, closed", ["--connections", "4", "--in-flight", "4", "--scenario", "mixed.json"]),
        ("mixed, open", ["--rate", "300", "--arrivals", "poisson", "--scenario", "mixed.json"]),
        (
            "users, closed, two threads",
            ["--generator-threads", "2", "--connections", "3", "--in-flight", "2", "--pool", "101"]
        ),
        (
            "mixed, open, two threads",
            [
                "--generator-threads", "2", "--rate", "300", "--arrivals", "poisson", "--scenario",
                "mixed.json",
            ]
        ),
        ("rules, closed", ["--connections", "4", "--in-flight", "4", "--scenario", "ruled.json"]),
        ("rules, swaps", ["--rate", "300", "--swap-every", "0.05", "--scenario", "ruled.json"]),
        ("users, swaps", ["--rate", "500", "--swap-every", "0.03"]),
        ("overload", ["--overload", "--connections", "4", "--in-flight", "4"]),
        ("sweep", ["--sweep", "--rates", "300,600", "--target-p99", "1000", "--connections", "4"]),
    ]
    private static let secondsPerMode = "0.2"

    func report() async throws -> LoadSmokeReport {
        let scratch = try ScratchFolder()
        let scenario = scratch.path + "/mixed.json"
        try Self.mixed.write(toFile: scenario, atomically: true, encoding: .utf8)
        let ruled = scratch.path + "/ruled.json"
        try Self.ruled.write(toFile: ruled, atomically: true, encoding: .utf8)
        var report = LoadSmokeReport()
        for (name, options) in Self.modes {
            let arguments =
                ["--kindred", binary, "--warm-up", "0.02", "--seconds", Self.secondsPerMode]
                + (options.contains("ruled.json") ? ["--rows", "2000"] : ["--models", models])
                + options.map { $0 == "mixed.json" ? scenario : $0 == "ruled.json" ? ruled : $0 }
            // The options are parsed and checked as on the command line.
            guard let command = try LoadCommand.parseAsRoot(arguments) as? LoadCommand else { continue }
            try await run(command, name, &report)
        }
        report.checks += [HistogramCheck.run(), ZipfCheck.run(), ScenarioCheck.run()]
        report.checks += GeneratorThreadsCheck.run() + ClosedLoopsCheck.run() + [try AnswerSamplesCheck.run()]
        report.checks.append(try await CapacityCheck.run())
        return report
    }

    private func run(_ command: LoadCommand, _ name: String, _ report: inout LoadSmokeReport) async throws {
        let scenario = try command.shape.readScenario()
        let target = try await LoadTarget(
            command.server, scenario: scenario, isSwapping: command.swapEvery != nil)
        let run = try LoadRun(target, command.shape, scenario, verifiedCount: command.verify, model: nil)
        if command.overload {
            report.add(name, try await OverloadRun(run, command.shape).report())
        } else if command.sweep {
            report.add(
                name,
                try await SweepRun(
                    run, command.shape, rates: command.rates?.values ?? [], targetP99: command.targetP99
                ).report())
        } else {
            report.add(name, try await run.report(swapInterval: command.swapEvery.map { .seconds($0) }))
        }
        try target.stop()
    }
}
