import KindredKernels
import KindredSystem
import Synchronization

/// Measures float32 matrix products through BLAS, with separate matrices for each thread.
final class ProductProbe: Sendable {
    /// Queries and rows of a product: the engine's tile, and a larger product.
    private static let shapes = [(queries: 64, rows: 1_024), (queries: 256, rows: 1_024)]
    private static let operationsPerCallMin = 500_000_000.0

    let dimension: Int
    private let queries: MemoryRegion
    private let rows: MemoryRegion
    private let scores: MemoryRegion
    private let team: ThreadTeam
    private let total = Atomic<UInt64>(0)

    init(dimension: Int, team: ThreadTeam) throws {
        self.dimension = dimension
        self.team = team
        let queryMax = Self.shapes.map(\.queries).max()!
        let rowMax = Self.shapes.map(\.rows).max()!
        queries = try MemoryRegion(byteCount: team.count * queryMax * dimension * 4)
        rows = try MemoryRegion(byteCount: team.count * rowMax * dimension * 4)
        scores = try MemoryRegion(byteCount: team.count * queryMax * rowMax * 4)
        var source = RandomSource(seed: 1)
        for region in [queries, rows] {
            for index in 0..<region.byteCount / 4 {
                region.mutableBytes.storeBytes(
                    of: Float.random(in: -1...1, using: &source), toByteOffset: index * 4, as: Float.self)
            }
        }
    }

    /// One work closure for each shape.
    var works: [() -> Void] {
        Self.shapes.indices.map { shape in { self.multiply(shape) } }
    }

    private func operations(_ shape: Int) -> Double {
        2 * Double(Self.shapes[shape].queries * Self.shapes[shape].rows * dimension)
    }

    private func repeats(_ shape: Int) -> Int { max(1, Int(Self.operationsPerCallMin / operations(shape))) }

    private func multiply(_ shape: Int) {
        let (queryCount, rowCount) = Self.shapes[shape]
        team.run { [self] thread in
            func part(_ region: MemoryRegion) -> UnsafeMutablePointer<Float> {
                (region.baseAddress! + region.byteCount / team.count * thread).assumingMemoryBound(
                    to: Float.self)
            }
            let products = part(scores)
            for _ in 0..<repeats(shape) {
                BLAS.products(
                    queries: part(queries), queryCount: queryCount, rows: part(rows), rowCount: rowCount,
                    dimension: dimension, into: products)
            }
            total.wrappingAdd(UInt64(products[queryCount * rowCount - 1].bitPattern), ordering: .relaxed)
        }
    }

    /// Floating-point operations per second of all threads in the best shape; a multiply-add counts as two.
    func figure(_ samples: [Samples]) -> Rate {
        Self.shapes.indices.map {
            Rate(perCall: operations($0) * Double(repeats($0) * team.count), samples: samples[$0])
        }.max { $0.best < $1.best }!
    }

    /// Checksum of computed scores.
    var checksum: UInt64 { total.load(ordering: .relaxed) }
}
