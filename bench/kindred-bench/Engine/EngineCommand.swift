import ArgumentParser
import Foundation
import Glibc
import KindredTerminal

/// `kindred-bench engine`: measures the engine in this process over several kinds of vectors.
struct EngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure the engine over a grid of shapes, and compare the answers of all its paths.",
        discussion: """
            Options that name values take lists: --rows 10000,1000000. Each setting is measured in rounds, in turn \
            with the others of the same vectors.
            """)

    @Option(help: "Rows of the tables.") var rows: NumberList?
    @Option(help: "Elements of a vector.") var dimension: NumberList?
    @Option(help: "Queries that are answered together.") var batch: NumberList?
    @Option(help: "Results of a query.") var k: NumberList?
    @Option(help: "Kinds of vectors: \(VectorKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var data: CaseList<VectorKind>?
    @Option(help: "Engines: \(EnginePath.allCases.map(\.rawValue).joined(separator: ", ")).")
    var path: CaseList<EnginePath>?
    @Option(help: "Threads: 1, or as many as there are cores.") var threads: NumberList?
    @Option(help: "Seconds of measuring each setting.") var seconds = 0.5
    @Option(help: "The folder of the version that \"shipped\" vectors are drawn like.")
    var shipped = "models/online-retail/2"
    @Option(help: "Also write everything to this file, as one JSON object.") var json: String?
    @Option(help: "A Python with faiss, to measure it beside the engine: see bench/README.md.")
    var faiss: String?
    @Flag(help: "The whole grid, as far as it fits the memory: an hour or more.") var full = false
    @Flag(help: "A few seconds: small tables, every path, every instruction set of this CPU.") var smoke =
        false
    @Flag(help: "Filters that keep a part of the rows, against no filter.") var filters = false
    @Flag(help: "Queries that let every row through, against BLAS.") var dense = false
    @Flag(help: "Each rule of RECOMMEND, against requests without rules.") var rules = false
    @Flag(help: "What the engine is held to, met or not; with --faiss, also against faiss.") var goals = false
    @Flag(help: .hidden) var isInstructionSetChild = false

    func validate() throws {
        try rows?.check("--rows", 1...100_000_000)
        try dimension?.check("--dimension", 1...4_096)
        try batch?.check("--batch", 1...8_192)
        try k?.check("--k", 1...10_000)
        for count in threads?.values ?? [] where count != 1 && count != Machine.current.coreCount {
            throw ValidationError("--threads \(count): 1 or \(Machine.current.coreCount), the cores")
        }
        guard seconds > 0, seconds <= 3_600 else {
            throw ValidationError("--seconds \(seconds): above 0, to 3600")
        }
        if rules, rows?.values.contains(where: { $0 < RulesMeasurement.rowsOfSmoke[0] }) ?? false {
            throw ValidationError("--rows beside --rules: at least \(RulesMeasurement.rowsOfSmoke[0])")
        }
        if rules, let large = batch?.values.first(where: { $0 > RulesModel.userCount }) {
            throw ValidationError(
                "--batch \(large) beside --rules: at most \(RulesModel.userCount), the users")
        }
        try checkShapes()
        if let faiss, !ChildOutput.isExecutable(faiss) {
            throw ValidationError(
                "--faiss \(faiss): no executable file is there, wanted a Python with faiss")
        }
    }

    /// Throws where an option for the shape stands beside a measurement with a fixed shape.
    private func checkShapes() throws {
        func text(_ list: NumberList?) -> String? {
            list.map { $0.values.map(String.init).joined(separator: ",") }
        }
        let paths = path.map { $0.values.map(\.rawValue).joined(separator: ",") }
        let shapes = [
            ("--rows", text(rows)), ("--dimension", text(dimension)), ("--batch", text(batch)),
            ("--k", text(k)), ("--path", paths), ("--threads", text(threads)),
        ]
        let flags = [("--filters", filters), ("--dense", dense), ("--rules", rules), ("--goals", goals)]
        for (flag, isSet) in flags where isSet {
            for case (let option, let value?) in shapes {
                // `--dense` honours `--threads`.
                if flag == "--dense", option == "--threads" { continue }
                if flag == "--rules", option == "--rows" || option == "--batch" { continue }
                throw ValidationError(
                    "\(option) \(value): \(flag) has a shape of its own; leave out \(option) or \(flag)")
            }
        }
    }

    private var grid: EngineGrid {
        var grid = full ? .full : smoke ? .smoke : EngineGrid()
        grid.rows = rows?.values ?? grid.rows
        grid.dimensions = dimension?.values ?? grid.dimensions
        grid.batches = batch?.values ?? grid.batches
        grid.ks = k?.values ?? grid.ks
        grid.data = data?.values ?? grid.data
        grid.paths = path?.values ?? grid.paths
        grid.threads =
            threads.map { counts in
                ThreadChoice.distinct(on: .current).filter { counts.values.contains($0.count(of: .current)) }
            } ?? ThreadChoice.distinct(on: .current)
        return grid
    }

    func run() throws {
        if let json { try EngineReport.createFile(json) }
        let progress = ProgressLine()
        defer { progress.clear() }
        let machine = Machine.current
        let run = EngineRun(
            grid: grid, shipped: shipped, seconds: smoke ? 0.003 : seconds, rounds: smoke ? 1 : 7,
            isSmoke: smoke, machine: machine,
            teams: ThreadTeams(machine: machine), progress: progress)
        var report = EngineReport(limits: try run.limits(), showsGrid: !smoke)
        let special = filters || dense || goals || rules
        if filters || goals {
            try FilterMeasurement(run: run, kinds: data?.values ?? [.flat, .shipped]).measure(into: &report)
        }
        if rules {
            try RulesMeasurement(
                run: run, kinds: data?.values ?? [.shipped, .flat],
                rows: rows?.values ?? (smoke ? RulesMeasurement.rowsOfSmoke : RulesMeasurement.rowsUsual),
                batches: batch?.values ?? RulesMeasurement.batchesUsual
            ).measure(into: &report)
        }
        if dense || smoke && !rules {
            try DenseMeasurement(run: run, rows: smoke ? 20_000 : 1_000_000).measure(into: &report)
        }
        if goals { try GoalMeasurement(run: run, faiss: faiss).measure(into: &report) }
        if !special { try run.measure(into: &report) }
        if let faiss, !special { try FaissMeasurement(run: run, python: faiss).measure(into: &report) }
        if smoke, !special, !isInstructionSetChild {
            try InstructionSets(progress: progress).compare(with: report.rows, into: &report)
        }
        progress.clear()
        if let json { try report.write(to: json) }
        try report.conclude(json: false)
    }
}
