import KindredKernels

/// The queries of a batch on the int8 path: in groups that scan together, each cut into units.
///
/// Over many rows all queries are one group, whose units are stretches of blocks, so that threads share the rows. Over
/// few rows the queries are cut instead, and a unit is a group's scan of the whole table: threads that share rows each
/// find thresholds and keep the best of their own part, which costs as much as it gains there.
struct CodedGroups: Sendable {
    /// A unit's group, and the blocks it scans.
    struct Unit {
        let group: Int
        var blocks: Range<Int>
    }

    let groups: [CodedQueries]
    private let blockCount: Int
    private let blocksPerUnit: Int
    private let unitsPerGroup: Int

    /// Products of codes that a unit of rows aims at: some tens of microseconds, so that threads share what a norm
    /// bound leaves of a scan.
    private static let productsPerUnit = 1_000_000
    /// A unit has this many blocks even where it aims at fewer, since thresholds rise between calls of a kernel...
    private static let blocksPerUnitMin = 64
    /// ...but no more products than a kernel does in some 60 microseconds: a unit is a part of a slice, and what it
    /// scores takes as long again.
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
            // A group warms its thresholds together, and these by as many rows as its results are worth.
            let warmUp = ThresholdSeeding.blockCount(
                of: side.codes.view, k: indices.reduce(1) { max($0, queries[$1].fetchCount) },
                isCosine: indices.allSatisfy { queries[$0].ranking.similarity == .cosine })
            let size = max(
                Self.queriesPerGroupMin,
                min(
                    fitting * Self.queriesPerGroupMin, ScanScratch.codedQueriesPerCallMax,
                    ThresholdSeeding.queryCountMax(blockCount: warmUp)))
            groups = stride(from: 0, to: indices.count, by: size).map { first in
                CodedQueries(
                    queries, at: indices[first..<min(first + size, indices.count)], dimension: dimension,
                    kernel: kernel)
            }
            blocksPerUnit = max(1, blockCount)
        } else {
            groups =
                indices.isEmpty
                ? [] : [CodedQueries(queries, at: indices[...], dimension: dimension, kernel: kernel)]
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

    /// True where a unit's end may mean that no later unit is needed: blocks descend by norm, and thresholds only rise.
    var mayEndEarly: Bool { groups.count == 1 }

    func unit(_ number: Int) -> Unit {
        let first = number % unitsPerGroup * blocksPerUnit
        return Unit(
            group: number / unitsPerGroup, blocks: first..<min(first + blocksPerUnit, blockCount))
    }
}
