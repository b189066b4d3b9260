import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import KindredSystem

/// Users in memory with random directions and length 1, so that a bound on norms excludes no row.
final class FlatUsers: Sendable {
    private static let seed: UInt64 = 20_110_103
    /// Ratio of id to row, so that a row in place of an id is detected.
    static let idStep: UInt64 = 3

    let generation: Generation
    let codes: Int8Codes
    let table: VectorTable

    /// Fills the vectors on all threads of the team.
    init(count: Int, dimension: Int, team: ThreadTeam) throws {
        // Uses huge pages, as a loaded version does.
        let vectors = try MemoryRegion.zeroed(
            byteCount: count * dimension * MemoryLayout<Float>.stride, for: "vectors")
        let threads = team.count
        team.run { thread in
            let elements = vectors.mutableBytes.bindMemory(to: Float.self).baseAddress!
            var source = RandomSource(seed: Self.seed + UInt64(thread))
            for row in count * thread / threads..<count * (thread + 1) / threads {
                Self.fill(elements + row * dimension, dimension: dimension, from: &source)
            }
        }
        let numbers = try MemoryRegion.zeroed(byteCount: count * MemoryLayout<UInt64>.stride, for: "ids")
        let ids = numbers.mutableBytes.bindMemory(to: UInt64.self)
        for row in 0..<count { ids[row] = UInt64(row) * Self.idStep }
        table = try VectorTable(
            side: .users,
            ids: IDTable(
                kind: .number, count: count, words: RegionColumn(numbers), text: RegionColumn(), file: "ids"),
            dimension: dimension, vectors: RegionColumn(vectors), metric: .dot, file: "vectors")
        codes = try Int8Codes(building: table)
        guard let name = ModelName("flat") else { preconditionFailure("a well-formed name") }
        let manifest = Manifest(
            model: name, version: 1, created: "2000-01-01T00:00:00Z", metric: .dot, dimension: dimension,
            fingerprint: Array(repeating: 1, count: 16), trainingID: nil, items: nil,
            users: Manifest.Rows(count: UInt64(count), idKind: .number), files: [])
        generation = try Generation(
            version: LoadedVersion(
                name: name, version: 1, directory: "", manifest: manifest, items: nil, users: table,
                itemCodes: nil, userCodes: codes,
                statistics: PopulationStatistics(of: table, codes: codes), catalogPath: nil),
            itemCatalog: nil, userCatalog: nil
        ) { _, _ in }
    }

    /// Writes a random direction. Elements are sums of four uniform numbers: nearly normal, and faster to draw.
    private static func fill(
        _ row: UnsafeMutablePointer<Float>, dimension: Int, from source: inout RandomSource
    ) {
        var squares: Float = 0
        for element in 0..<dimension {
            let bytes = UInt32(truncatingIfNeeded: source.next() >> 32)
            let sum = (bytes & 255) + (bytes >> 8 & 255) + (bytes >> 16 & 255) + (bytes >> 24)
            let value = Float(Int32(sum)) - 509.5
            row[element] = value
            squares += value * value
        }
        let factor = 1 / squares.squareRoot()
        for element in 0..<dimension { row[element] *= factor }
    }

    var codeByteCount: Int { codes.blockCount * CodeEncoder.blockByteCount(dimension: table.dimension) }
}
