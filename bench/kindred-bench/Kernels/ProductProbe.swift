import KindredKernels
import KindredSystem
import Synchronization

/// How fast threads multiply matrices of float32 through BLAS, each its own.
final class ProductProbe: Sendable {
    /// Queries and rows of one product: as the engine cuts its tiles, and as a large product is.
    private static let shapes = [(queries: 64, rows: 1_024), (queries: 256, rows: 1_024)]
    private static let operationsPerCallMin = 500_000_000.0

    let dimension: Int
    private let queries: MemoryRegion
    private let rows: MemoryRegion
    private let scores: MemoryRegion
    private let crew: Crew
    private let total = Atomic<UInt64>(0)

    init(dimension: Int, crew: Crew) throws {
        self.dimension = dimension
        self.crew = crew
        let queryMax = Self.shapes.map(\.queries).max()!
        let rowMax = Self.shapes.map(\.rows).max()!
        queries = try MemoryRegion(byteCount: crew.count * queryMax * dimension * 4)
        rows = try MemoryRegion(byteCount: crew.count * rowMax * dimension * 4)
        scores = try MemoryRegion(byteCount: crew.count * queryMax * rowMax * 4)
        var source = RandomSource(seed: 1)
        for region in [queries, rows] {
            for index in 0..<region.byteCount / 4 {
                region.mutableBytes.storeBytes(
                    of: Float.random(in: -1...1, using: &source), toByteOffset: index * 4, as: Float.self)
            }
        }
    }

    /// One piece of work for each shape.
    var works: [() -> Void] {
        Self.shapes.indices.map { shape in { self.multiply(shape) } }
    }

    private func operations(_ shape: Int) -> Double {
        2 * Double(Self.shapes[shape].queries * Self.shapes[shape].rows * dimension)
    }

    private func repeats(_ shape: Int) -> Int { max(1, Int(Self.operationsPerCallMin / operations(shape))) }

    private func multiply(_ shape: Int) {
        let (queryCount, rowCount) = Self.shapes[shape]
        crew.run { [self] thread in
            func part(_ region: MemoryRegion) -> UnsafeMutablePointer<Float> {
                (region.baseAddress! + region.byteCount / crew.count * thread).assumingMemoryBound(
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

    /// Floating-point operations a second of all threads, a multiply-add being two, in the best shape.
    func figure(_ samples: [Samples]) -> Figure {
        Self.shapes.indices.map {
            Figure(perCall: operations($0) * Double(repeats($0) * crew.count), samples: samples[$0])
        }.max { $0.best < $1.best }!
    }

    /// Of scores that were computed.
    var checksum: UInt64 { total.load(ordering: .relaxed) }
}
