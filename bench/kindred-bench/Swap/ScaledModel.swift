import KindredClient
import KindredKernels
import KindredModel
import KindredPack

/// A model in which every score identifies its version.
///
/// All versions hold the same integers, scaled by (1024 + version) / 1024. All products and sums are exact, and the
/// order of items never changes. A score of version v is the unscaled sum times the square of v's scale, so scores of
/// two versions differ far more than float32 resolves. An answer with rows of two versions would show both scales.
struct ScaledModel: Sendable {
    static let k = 10
    static let queriedUsers = 64
    /// The greatest version with exact arithmetic.
    static let versionMax: UInt64 = 1_000

    let name: ModelName
    let rows: Int
    let dimension: Int
    private let items: [Float]
    private let users: [Float]
    /// The best items of each user by unscaled sums.
    private let best: [[(id: UInt64, sum: Double)]]

    init(name: ModelName, rows: Int, dimension: Int, seed: UInt64) {
        var source = RandomSource(seed: seed)
        self.name = name
        self.rows = rows
        self.dimension = dimension
        let items = source.integers(rows * dimension)
        let users = source.integers(Self.queriedUsers * dimension)
        self.items = items
        self.users = users
        best = (0..<Self.queriedUsers).map { user in
            let query = Array(users[user * dimension..<(user + 1) * dimension])
            return Self.best(items, query)
        }
    }

    private static func best(_ items: [Float], _ query: [Float]) -> [(id: UInt64, sum: Double)] {
        let count = items.count / query.count
        var sums = [Double](repeating: 0, count: count)
        Canonical.sums(
            query: query, rows: items, dimension: query.count, rowCount: count, into: &sums)
        // Brute force: all rows are sorted.
        let order = (0..<count).sorted { sums[$0] != sums[$1] ? sums[$0] > sums[$1] : $0 < $1 }
        return order.prefix(k).map { (UInt64($0), sums[$0]) }
    }

    private static func scale(_ version: UInt64) -> Double { Double(1_024 + version) / 1_024 }

    /// Packs and publishes the next version. `published` is called just before it appears.
    func publish(_ version: UInt64, in scratch: ScratchFolder, published: @escaping () -> Void) throws {
        let scale = Float(Self.scale(version))
        var packer = Packer(root: scratch.models, name: name)
        packer.items = try input("items", items.map { $0 * scale }, in: scratch)
        packer.users = try input("users", users.map { $0 * scale }, in: scratch)
        packer.trainingID = "bench-\(version)"
        packer.progress = { if $0 == .publishing { published() } }
        let report = try packer.run()
        precondition(report.manifest.version == version, "versions are published one after another")
    }

    private func input(_ side: String, _ elements: [Float], in scratch: ScratchFolder) throws -> PackInput {
        let vectors = "\(scratch.path)/\(side).npy"
        let ids = "\(scratch.path)/\(side).ids.npy"
        try NpyFile.write(elements, dimension: dimension, to: vectors)
        try NpyFile.write((0..<UInt64(elements.count / dimension)).map { $0 }, to: ids)
        return PackInput(vectors: vectors, ids: ids)
    }

    /// Whether an answer equals, to the bit, that of the version it names.
    func isRight(_ answer: Recommendations, user: Int) -> Bool {
        let scale = Self.scale(answer.version)
        return answer.isExact
            && answer.results.elementsEqual(best[user]) { result, wanted in
                result.id == .number(wanted.id) && result.score == Float(wanted.sum * scale * scale)
            }
    }
}
