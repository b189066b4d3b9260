import Foundation
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem

/// Random items and about a thousand users of a kind, packed for a server. Ids are row numbers.
final class DrawnModel {
    static let userCount = 1_024

    let kind: VectorKind
    let name: ModelName
    let rows: Int
    let dimension: Int
    /// The items' vectors, row-major.
    let items: MemoryRegion
    let users: [[Float]]

    /// Draws the vectors. The same arguments give the same vectors.
    init(_ kind: VectorKind, rows: Int, dimension: Int, shipped: String, team: ThreadTeam) throws {
        guard let name = ModelName("drawn") else { preconditionFailure("a well-formed name") }
        let laws = try VectorDistributions(kind, dimension: dimension, shipped: shipped)
        self.kind = kind
        self.name = name
        self.rows = rows
        self.dimension = dimension
        items = try laws.rows.rows(rows, seed: 11, team: team)
        users = try EngineModel.drawQueries(Self.userCount, laws: laws, team: team)
    }

    /// Packs the vectors as the next `versions` versions, all identical. `hasAttributes`: with all that rules need.
    func publish(versions: Int, in scratch: ScratchFolder, hasAttributes: Bool = false) throws {
        let vectors = Side.allCases.map { "\(scratch.path)/\($0).npy" }
        let ids = Side.allCases.map { "\(scratch.path)/\($0).ids.npy" }
        defer { for path in vectors + ids { try? FileManager.default.removeItem(atPath: path) } }
        var packer = Packer(root: scratch.models, name: name)
        packer.trainingID = "bench"
        for (index, side) in Side.allCases.enumerated() {
            let input = PackInput(vectors: vectors[index], ids: ids[index])
            switch side {
            case .items:
                try withExtendedLifetime(items) {
                    try NpyFile.write(rows: items.bytes, dimension: dimension, to: input.vectors)
                }
                try NpyFile.write((0..<UInt64(rows)).map { $0 }, to: ids[index])
                packer.items = input
            case .users:
                try NpyFile.write(users.flatMap { $0 }, dimension: dimension, to: input.vectors)
                try NpyFile.write((0..<UInt64(users.count)).map { $0 }, to: ids[index])
                packer.users = input
            }
        }
        let (catalog, seen) = ("\(scratch.path)/attributes.sqlite", "\(scratch.path)/seen.tsv")
        defer { for path in [catalog, seen] { try? FileManager.default.removeItem(atPath: path) } }
        if hasAttributes {
            let attributes = DrawnAttributes(rows: rows, userCount: users.count)
            let columns = try attributes.writeCatalog(to: catalog)
            try attributes.writeSeen(to: seen)
            packer.seen = seen
            packer.popularityColumn = "sold"
            packer.foldIn = try FoldInParameters(
                alpha: RulesModel.foldIn.alpha, lambda: RulesModel.foldIn.lambda)
            packer.catalog = { path in
                try FileManager.default.copyItem(atPath: catalog, toPath: path)
                return columns
            }
        }
        for _ in 0..<versions { _ = try packer.run() }
    }
}
