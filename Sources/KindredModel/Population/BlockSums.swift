import KindredKernels
import KindredSystem

/// Sums over all rows of a table in float64, in one fixed order.
///
/// Rows are taken in blocks of `rowsPerBlock`: each block is summed from +0 in ascending order of rows, and the blocks'
/// sums are added to +0 in ascending order of blocks. Threads share the blocks. The bits depend neither on their number
/// nor on the CPU.
struct BlockSums: Sendable {
    /// Rows of a block.
    static let rowsPerBlock = 4_096
    /// So many blocks at most are summed at once, each by itself, before their sums are added. The sums together have
    /// at most so many bytes, unless one block alone has more.
    private static let blocksAtOnceMax = 64
    private static let blocksByteCountMax = 4 << 20
    /// Bytes of the rows that one call of a kernel sums: they stay in a cache while it goes over the panel's columns.
    private static let chunkByteCount = 128 << 10
    /// Parts of the blocks that are summed at once, so that threads end at about the same time.
    private static let partCount = 16

    let table: VectorTable
    let layout: TriangleLayout
    let kernels: TriangleKernels
    let resources: LoadResources
    /// Names the memory in failures.
    let purpose: String

    init(_ table: VectorTable, kernels: TriangleKernels, with resources: LoadResources, for purpose: String) {
        self.table = table
        layout = TriangleLayout(dimension: table.dimension)
        self.kernels = kernels
        self.resources = resources
        self.purpose = purpose
    }

    /// Bytes of memory that a sum takes beside its result.
    static func byteCount(rowCount: Int, layout: TriangleLayout) -> Int {
        blocksAtOnce(rowCount: rowCount, layout) * elementCount(layout) * MemoryLayout<Double>.stride
    }

    /// Elements of the sums of a block: a triangle, then a wide vector.
    private static func elementCount(_ layout: TriangleLayout) -> Int {
        layout.elementCount + layout.wideCount
    }

    private static func blockCount(rowCount: Int) -> Int { (rowCount - 1) / rowsPerBlock + 1 }

    private static func blocksAtOnce(rowCount: Int, _ layout: TriangleLayout) -> Int {
        let byteCount = elementCount(layout) * MemoryLayout<Double>.stride
        let fitting = min(blocksAtOnceMax, max(1, blocksByteCountMax / byteCount))
        return min(fitting, blockCount(rowCount: rowCount))
    }

    /// Writes XᵀX over the rows X as a triangle and, if asked for, the sum of the rows as a wide vector. Throws without
    /// memory, and if the load was cancelled.
    func write(products: MemoryRegion, rows: MemoryRegion? = nil) throws(FileFailure) {
        let blockCount = Self.blockCount(rowCount: table.count)
        let atOnce = Self.blocksAtOnce(rowCount: table.count, layout)
        let sums = try resources.region(
            byteCount: Self.byteCount(rowCount: table.count, layout: layout), for: purpose)
        for total in [products, rows].compactMap({ $0 }) {
            total.withMutableElements(of: Double.self) { $0.initialize(repeating: 0) }
        }
        let unitsPerBlock = layout.panelCount + (rows == nil ? 0 : 1)
        for first in stride(from: 0, to: blockCount, by: atOnce) {
            let blocks = first..<min(first + atOnce, blockCount)
            let unitCount = blocks.count * unitsPerBlock
            try resources.threads.run(unitCount, inPartsOf: max(1, unitCount / Self.partCount)) {
                (part) throws(FileFailure) in
                sums.withMutableElements(of: Double.self) { elements in
                    for unit in part {
                        let block = unit / unitsPerBlock
                        sum(
                            unit % unitsPerBlock, of: blocks.lowerBound + block,
                            into: elements.baseAddress! + block * Self.elementCount(layout))
                    }
                }
            }
            add(sums, blockCount: blocks.count, products: products, rows: rows)
        }
        products.withMutableElements(of: Double.self) { clearAboveDiagonal($0) }
    }

    /// Sums a panel of a block's triangle; its wide vector after the last panel.
    private func sum(_ unit: Int, of block: Int, into sums: UnsafeMutablePointer<Double>) {
        let dimension = layout.dimension
        let first = block * Self.rowsPerBlock
        let end = min(first + Self.rowsPerBlock, table.count)
        guard unit < layout.panelCount else {
            sumRows(first..<end, into: sums + layout.elementCount)
            return
        }
        let panel = sums + TriangleLayout.start(ofPanel: unit)
        panel.initialize(repeating: 0, count: TriangleLayout.elementCount(ofPanel: unit))
        let rowsPerChunk = max(16, Self.chunkByteCount / (dimension * MemoryLayout<Float>.stride))
        for row in stride(from: first, to: end, by: rowsPerChunk) {
            kernels.addProducts(
                of: table.vectors + row * dimension, rowCount: min(rowsPerChunk, end - row),
                dimension: dimension, panel: unit, to: panel)
        }
    }

    private func sumRows(_ rows: Range<Int>, into sum: UnsafeMutablePointer<Double>) {
        let widened = UnsafeMutablePointer<Double>.allocate(capacity: layout.wideCount)
        defer { widened.deallocate() }
        sum.initialize(repeating: 0, count: layout.wideCount)
        for row in rows {
            kernels.widen(
                table.vectors + row * layout.dimension, layout: layout, factor: 1, into: widened,
                addingTo: sum)
        }
    }

    /// Adds the sums of blocks in ascending order.
    private func add(
        _ sums: MemoryRegion, blockCount: Int, products: MemoryRegion, rows: MemoryRegion?
    ) {
        sums.withMutableElements(of: Double.self) { sums in
            for block in 0..<blockCount {
                let start = sums.baseAddress! + block * Self.elementCount(layout)
                for (total, offset) in [(products, 0), (rows, layout.elementCount)] {
                    total?.withMutableElements(of: Double.self) { total in
                        for element in total.indices { total[element] += start[offset + element] }
                    }
                }
            }
        }
    }

    private func clearAboveDiagonal(_ triangle: UnsafeMutableBufferPointer<Double>) {
        let count = TriangleLayout.panelRows
        for panel in 0..<layout.panelCount {
            let start = TriangleLayout.start(ofPanel: panel)
            for lane in 0..<count {
                for column in panel * count + lane + 1..<(panel + 1) * count {
                    triangle[start + count * column + lane] = 0
                }
            }
        }
    }
}
