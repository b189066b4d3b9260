import Foundation
import KindredClient
import KindredKernels
import KindredModel
import KindredPack

/// Random users and items, with each user's expected score in the audience of some seeds.
struct AudienceModel: Sendable {
    /// Ratio of id to row; ids have 1 added, so that a row in place of an id is detected.
    private static let idStep: UInt64 = 3

    let name: ModelName
    let userCount: Int
    let itemCount: Int
    let dimension: Int
    /// Rows of distinct users, ascending.
    let seedRows: [Int]
    /// Expected scores by row.
    let scores: [Float]

    /// Draws the vectors, packs them as version 1 and scores every user by brute force.
    init(
        name: ModelName, users: Int, items: Int, dimension: Int, seeds: Int, seed: UInt64,
        in scratch: ScratchFolder
    ) throws {
        self.name = name
        userCount = users
        itemCount = items
        self.dimension = dimension
        var source = RandomSource(seed: seed)
        var chosen: Set<Int> = []
        while chosen.count < seeds { chosen.insert(Int.random(in: 0..<users, using: &source)) }
        seedRows = chosen.sorted()
        let vectors = source.floats(users * dimension)
        scores = Self.scores(vectors, dimension: dimension, seedRows: seedRows)
        var packer = Packer(root: scratch.models, name: name)
        packer.trainingID = "bench"
        packer.users = try Self.input("users", vectors, dimension, in: scratch)
        packer.items = try Self.input("items", source.floats(items * dimension), dimension, in: scratch)
        _ = try packer.run()
        for side in ["users", "items"] {
            try FileManager.default.removeItem(atPath: "\(scratch.path)/\(side).npy")
        }
    }

    private static func input(
        _ side: String, _ elements: [Float], _ dimension: Int, in scratch: ScratchFolder
    ) throws -> PackInput {
        let vectors = "\(scratch.path)/\(side).npy"
        let ids = "\(scratch.path)/\(side).ids.npy"
        try NpyFile.write(elements, dimension: dimension, to: vectors)
        try NpyFile.write((0..<elements.count / dimension).map { id(ofRow: $0) }, to: ids)
        return PackInput(vectors: vectors, ids: ids)
    }

    /// Cosine to the seeds' mean. The mean is summed in float64 in row order, divided once and rounded once.
    private static func scores(_ vectors: [Float], dimension: Int, seedRows: [Int]) -> [Float] {
        var sums = [Double](repeating: 0, count: dimension)
        for row in seedRows {
            for element in 0..<dimension { sums[element] += Double(vectors[row * dimension + element]) }
        }
        let mean = sums.map { Float($0 / Double(seedRows.count)) }
        let meanNorm = Canonical.norm(mean, count: dimension)
        return vectors.withUnsafeBufferPointer { vectors in
            (0..<vectors.count / dimension).map { row in
                let vector = vectors.baseAddress! + row * dimension
                return Canonical.score(
                    sum: Canonical.sum(mean, vector, count: dimension),
                    norms: meanNorm * Canonical.norm(vector, count: dimension))
            }
        }
    }

    static func id(ofRow row: Int) -> UInt64 { UInt64(row) * idStep + 1 }

    /// The row of an id of this model; nil for others.
    func row(of id: ExternalID) -> Int? {
        guard case .number(let number) = id, number % Self.idStep == 1 else { return nil }
        return Int(exactly: number / Self.idStep).flatMap { $0 < userCount ? $0 : nil }
    }

    var seeds: [ExternalID] { seedRows.map { .number(Self.id(ofRow: $0)) } }
}
