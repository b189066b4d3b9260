import Foundation
import KindredKernels
import KindredTerminal

/// Repeats the grid in processes restricted to each instruction set of this CPU. Their answers must be the same.
struct InstructionSets {
    let progress: ProgressLine

    /// Runs this program once for each scan kernel and compares the results with this process's rows.
    func compare(with rows: [EngineRow], into report: inout EngineReport) throws {
        let scratch = try ScratchFolder()
        let wanted = Dictionary(uniqueKeysWithValues: rows.map { (Key($0), $0.checksum) })
        for kernel in ScanKernel.available.map(\.name) {
            progress.show("KINDRED_ISA=\(kernel)")
            let path = "\(scratch.path)/\(kernel).json"
            let status = try run(kernel, writing: path)
            let name = "the smoke run with KINDRED_ISA=\(kernel)"
            guard status == 0 else {
                report.checks.append(Check(name, found: "status \(status)", wanted: "status 0", holds: false))
                continue
            }
            let found = try JSONDecoder().decode(
                Rows.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
            report.checks.append(
                Check(
                    "\(name), kernel", found: found.limits.scanKernel, wanted: kernel,
                    holds: found.limits.scanKernel == kernel))
            let different = found.rows.filter { wanted[Key($0)] != $0.checksum }
            report.checks.append(
                Check(
                    none: "\(name), rows of \(found.rows.count) with other checksums than here",
                    found: different.count,
                    example: different.first.map { "\($0.cells), here \(wanted[Key($0)] ?? "not measured")" })
            )
        }
    }

    private func run(_ kernel: String, writing path: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: EnginePeerCommand.executable)
        process.arguments =
            Array(CommandLine.arguments.dropFirst()) + ["--is-instruction-set-child", "--json", path]
        process.environment = ProcessInfo.processInfo.environment.merging(["KINDRED_ISA": kernel]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// The compared part of a child's JSON.
    private struct Rows: Decodable {
        struct Limits: Decodable { let scanKernel: String }
        let limits: Limits
        let rows: [EngineRow]
    }

    /// A setting as a key, without its results.
    private struct Key: Hashable {
        let data: VectorKind
        let numbers: [Int]
        let path: EnginePath
        let threads: String

        init(_ row: EngineRow) {
            data = row.data
            numbers = [row.rows, row.dimension, row.batch, row.k]
            path = row.path
            threads = row.threads
        }
    }
}
