import KindredDomain
import KindredKernels
import KindredSystem
import Synchronization

/// What scorers of look-alikes need of all users of a version.
///
/// X are the users' N vectors of d elements. `BlockSums` defines the order in which their sums are made. The bits
/// depend neither on the CPU nor on the number of threads. Immutable; any thread may read.
package final class PopulationStatistics: Sendable {
    /// Quantiles of norms: number p is that of p per cent.
    package static let quantileCount = 101
    /// Rows of the sample, at most.
    package static let sampleCountMax = 16_384

    /// N, at least 1.
    package let rowCount: Int
    package let layout: TriangleLayout
    /// The sum of X divided by N, wide.
    package let mean: RegionColumn<Double>
    /// XᵀX, as a triangle.
    package let products: RegionColumn<Double>
    /// Number p is element `p (N - 1) / 100`, rounded down, of the ascending norms; rounded to float32.
    package let normQuantiles: RegionColumn<Float>
    /// The rows of the least hashes in ascending order of hashes: a sample that stays as long as the ids do.
    package let sample: RegionColumn<UInt32>

    init(
        rowCount: Int, layout: TriangleLayout, mean: MemoryRegion, products: MemoryRegion,
        normQuantiles: MemoryRegion, sample: MemoryRegion
    ) {
        self.rowCount = rowCount
        self.layout = layout
        self.mean = RegionColumn(mean)
        self.products = RegionColumn(products)
        self.normQuantiles = RegionColumn(normQuantiles)
        self.sample = RegionColumn(sample)
        precondition(
            self.mean.count == layout.wideCount && self.products.count == layout.elementCount
                && self.normQuantiles.count == Self.quantileCount
                && self.sample.count == Self.sampleCount(rowCount: rowCount))
    }

    /// The statistics of a version's users. Threads share the work. Throws without memory, and if the load was
    /// cancelled.
    package convenience init(
        of users: VectorTable, codes: Int8Codes, with resources: LoadResources = .plain,
        kernels: TriangleKernels = .chosen
    ) throws(FileFailure) {
        precondition(users.count == codes.rowCount)
        let layout = TriangleLayout(dimension: users.dimension)
        let mean = try Self.region(layout.wideCount, of: Double.self, with: resources)
        let products = try Self.region(layout.elementCount, of: Double.self, with: resources)
        try BlockSums(users, kernels: kernels, with: resources, for: Self.purpose)
            .write(products: products, rows: mean)
        mean.withMutableElements(of: Double.self) { mean in
            for element in mean.indices { mean[element] /= Double(users.count) }
        }
        let quantiles = try Self.region(Self.quantileCount, of: Float.self, with: resources)
        quantiles.withMutableElements(of: Float.self) { quantiles in
            for index in quantiles.indices {
                let place = Self.place(ofQuantile: index, rowCount: users.count)
                // The codes have the rows in descending order of norms.
                quantiles[index] = Float(users.norms[Int(codes.rowColumn[users.count - 1 - place])])
            }
        }
        let sample = try Self.sample(of: users.ids, with: resources)
        try resources.threads.checkCancellation()
        self.init(
            rowCount: users.count, layout: layout, mean: mean, products: products, normQuantiles: quantiles,
            sample: try MemoryRegion.copy(of: sample, for: Self.purpose))
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: PopulationStatistics) {
        rowCount = other.rowCount
        layout = other.layout
        mean = other.mean
        products = other.products
        normQuantiles = other.normQuantiles
        sample = other.sample
    }

    /// The mean over the elements of their variances: of `products / N - mean * mean` on the diagonal, added in
    /// ascending order from +0 on. Where all vectors are equal, it is 0 or rounding, which may be below 0.
    package var variance: Double {
        var sum = 0.0
        for element in 0..<layout.dimension {
            let product = products[layout.index(row: element, column: element)]
            sum += product / Double(rowCount) - mean[element] * mean[element]
        }
        return sum / Double(layout.dimension)
    }

    /// The mean over the elements of their mean squares: of `products / N` on the diagonal, added in ascending order.
    package var meanSquare: Double {
        var sum = 0.0
        for element in 0..<layout.dimension {
            sum += products[layout.index(row: element, column: element)] / Double(rowCount)
        }
        return sum / Double(layout.dimension)
    }

    /// The length of the mean, for people.
    package var meanNorm: Double {
        mean.withElements { $0.reduce(0) { $0 + $1 * $1 } }.squareRoot()
    }

    /// Names their memory in failures.
    static let purpose = "the users' statistics"

    static func region<Element>(
        _ count: Int, of type: Element.Type, with resources: LoadResources
    ) throws(FileFailure) -> MemoryRegion {
        try resources.region(byteCount: count * MemoryLayout<Element>.stride, for: purpose)
    }

    /// The place of a quantile among `rowCount` ascending norms.
    private static func place(ofQuantile index: Int, rowCount: Int) -> Int {
        let last = rowCount - 1
        let count = quantileCount - 1
        // So that no product overflows.
        return last / count * index + last % count * index / count
    }

    package static func sampleCount(rowCount: Int) -> Int { min(rowCount, sampleCountMax) }

    /// Bytes that the statistics hold, and the bytes that making them takes, with those.
    package static func byteCounts(rowCount: Int, dimension: Int) -> (held: Int, making: Int) {
        let layout = TriangleLayout(dimension: dimension)
        let doubles = (layout.elementCount + layout.wideCount) * MemoryLayout<Double>.stride
        let rows = sampleCount(rowCount: rowCount) * MemoryLayout<UInt32>.stride
        let held = doubles + quantileCount * MemoryLayout<Float>.stride + rows
        return (held, held + BlockSums.byteCount(rowCount: max(1, rowCount), layout: layout))
    }

    /// Rows of a part of the sample's search.
    private static let rowsPerPart = 1 << 18

    private static func sample(
        of ids: IDTable, with resources: LoadResources
    ) throws(FileFailure) -> [UInt32] {
        let least = Mutex(LeastHashes(countMax: sampleCount(rowCount: ids.count)))
        try resources.threads.run(ids.count, inPartsOf: rowsPerPart) { part in
            var ofPart = least.withLock { $0.empty() }
            for row in part { ofPart.insert(ids.hashed(UInt32(truncatingIfNeeded: row))) }
            let found = ofPart
            least.withLock { $0.insert(found) }
        }
        return least.withLock { least in least.finish().map(\.row) }
    }
}
