import KindredKernels

/// The queries of a batch on the int8 path, in groups that scan together. Each group is cut into units.
///
/// Over many rows all queries are one group, and its units are stretches of blocks, so that threads share the rows.
/// Over few rows the queries are cut instead, and a unit is a group's scan of the whole table: threads that share few
/// rows gain nothing, because each has to find thresholds of its own.
struct Int8Queries: Sendable {
    /// Some blocks that one group scans.
    struct Unit {
        let group: Int
        var blocks: Range<Int>
    }

    let groups: [Int8Group]
    private let blockCount: Int
    private let blocksPerUnit: Int
    private let unitsPerGroup: Int

    /// Products of codes that a unit of rows aims at: some tens of microseconds, so that threads share the part of a
    /// scan that norms cannot exclude.
    private static let productsPerUnit = 1_000_000
    /// Blocks of a unit, even where that is more products, since thresholds rise between calls of a kernel.
    private static let blocksPerUnitMin = 64
    /// Products of a unit, at most: a unit has to fit a slice, and scoring what it keeps takes as long again.
    private static func productsPerUnitMax(_ kernel: ScanKernel) -> Int {
        3_000_000 * kernel.productsPerMultiplyAdd
    }
    /// A group of fewer queries would not fill the kernels' tiles.
    private static let queriesPerGroupMin = 8

    /// Codes the queries at `indices` for a kernel.
    init(_ queries: [PlannedQuery], at indices: [Int], over side: GenerationSide, kernel: ScanKernel) {
        let dimension = side.table.dimension
        blockCount = side.codes.blockCount
        let productsMax = Self.productsPerUnitMax(kernel)
        let fitting = productsMax / (16 * dimension * max(1, blockCount)) / Self.queriesPerGroupMin
        if fitting > 0 {
            // A group seeds its thresholds together: their products have to fit the scratch memory.
            let seedBlockCount = ThresholdSeeding.blockCount(
                of: side.codes.view, k: indices.reduce(1) { max($0, queries[$1].fetchCount) },
                isCosine: indices.allSatisfy { queries[$0].ranking.similarity == .cosine })
            let size = max(
                Self.queriesPerGroupMin,
                min(
                    fitting * Self.queriesPerGroupMin, ScanScratch.int8QueriesPerCallMax,
                    ThresholdSeeding.queryCountMax(blockCount: seedBlockCount)))
            groups = stride(from: 0, to: indices.count, by: size).map { first in
                Int8Group(
                    queries, at: indices[first..<min(first + size, indices.count)], dimension: dimension,
                    kernel: kernel)
            }
            blocksPerUnit = max(1, blockCount)
        } else {
            groups =
                indices.isEmpty
                ? [] : [Int8Group(queries, at: indices[...], dimension: dimension, kernel: kernel)]
            let productsPerBlock = 16 * dimension * max(1, indices.count)
            blocksPerUnit = max(
                1,
                min(
                    max(Self.productsPerUnit / productsPerBlock, Self.blocksPerUnitMin),
                    productsMax / productsPerBlock))
        }
        unitsPerGroup = (blockCount + blocksPerUnit - 1) / blocksPerUnit
    }

    var unitCount: Int { groups.count * unitsPerGroup }

    /// True where a worker that needs no more rows ends the scan: blocks descend by norm and thresholds only rise, so
    /// no later unit of the only group matters.
    var mayEndEarly: Bool { groups.count == 1 }

    /// The unit of a number below `unitCount`.
    func unit(_ number: Int) -> Unit {
        let first = number % unitsPerGroup * blocksPerUnit
        return Unit(
            group: number / unitsPerGroup, blocks: first..<min(first + blocksPerUnit, blockCount))
    }
}
