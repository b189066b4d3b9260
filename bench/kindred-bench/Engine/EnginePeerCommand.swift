import ArgumentParser
import Foundation
import KindredKernels

/// The engine as a peer of another run of the bench: held to an instruction set by `KINDRED_ISA`, it draws the same
/// flat vectors and measures when it is asked, as `PeerProcess` says.
struct EnginePeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-peer", abstract: "Measure when asked on standard input.", shouldDisplay: false)

    /// This program's file.
    static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

    @Option(help: "Rows of the table.") var rows: Int
    @Option(help: "Elements of a vector.") var dimension: Int

    func run() throws {
        let machine = Machine.current
        let crews = Crews(machine: machine)
        let model = try EngineModel(.flat, rows: rows, dimension: dimension, shipped: "", crew: crews[.all])
        say("ready kindred \(ScanKernel.chosen.name)")
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count == 5, words[0] == "measure", let batch = Int(words[1]), batch > 0,
                let threads = Int(words[2]), let k = Int(words[3]), k > 0, let seconds = Double(words[4])
            else {
                say("unknown request, wanted measure BATCH THREADS K SECONDS")
                continue
            }
            let series = BatchSeries(
                model.planned(max(EngineModel.queryCount, batch), k: k, path: .int8), batchSize: batch,
                runner: BatchRunner(model: model, crew: crews[threads == 1 ? .one : .all]))
            say("\(try series.contender.sample(seconds))")
        }
    }

    private func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
