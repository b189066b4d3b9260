import ArgumentParser
import Foundation
import KindredKernels
import KindredModel
import KindredPack

/// Runs the engine as a `PeerProcess` of another run: over vectors from a folder, or over the bench's flat vectors with
/// the instruction set of `KINDRED_ISA`.
struct EnginePeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-peer", abstract: "Measure when asked on standard input.", shouldDisplay: false)

    /// The path of this program.
    static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

    @Option(help: "A folder with rows.npy and queries.npy, instead of vectors that are drawn.")
    var folder: String?
    @Option(help: "Rows of the table, where they are drawn.") var rows = 1_000_000
    @Option(help: "Elements of a vector, where they are drawn.") var dimension = 64
    @Option(help: "int8 or blas.") var path = EnginePath.int8

    func validate() throws {
        try OptionRange.check("--rows", rows, 1...100_000_000)
        try OptionRange.check("--dimension", dimension, 1...4_096)
    }

    func run() throws {
        var peer = EnginePeer(built: try folder.map(loaded) ?? drawn(), path: path.planned)
        say("ready kindred \(path.rawValue) \(ScanKernel.chosen.name)")
        while let line = readLine() { say(try peer.answer(line)) }
    }

    private func drawn() throws -> EnginePeer.BuiltModel {
        try EnginePeer.BuiltModel { team in
            let laws = try VectorDistributions(.flat, dimension: dimension, shipped: "")
            return (
                try laws.rows.rows(rows, seed: 11, team: team), rows, dimension,
                try EngineModel.drawQueries(EngineModel.queryCount, laws: laws, team: team)
            )
        }
    }

    private func loaded(from folder: String) throws -> EnginePeer.BuiltModel {
        try EnginePeer.BuiltModel { _ in
            let (vectors, rows, dimension) = try VectorFile.matrix(of: folder + "/rows.npy")
            let queries = try VectorFile.rows(of: folder + "/queries.npy")
            guard rows > 0 else { throw EngineFailure.emptyFile(path: folder + "/rows.npy") }
            guard let first = queries.first else {
                throw EngineFailure.emptyFile(path: folder + "/queries.npy")
            }
            guard first.count == dimension else {
                throw EngineFailure.dimensionsDiffer(folder: folder, rows: dimension, queries: first.count)
            }
            return (vectors, rows, dimension, queries)
        }
    }

    private func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
