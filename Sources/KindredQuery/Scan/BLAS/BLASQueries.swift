import KindredKernels

/// The queries of a batch on the BLAS path, in groups: one matrix product gives the scores of a group and a tile of
/// rows.
struct BLASQueries: Sendable {
    /// Indices in the batch: those of queries that want few rows come first. The queries' vectors are the rows of
    /// `matrix`, in the same order.
    private let indices: [Int]
    private let matrix: [Float]
    private let rule: DiscardRule
    /// Of the queries that want few rows: their number, the size of their groups, and the number of these.
    private let lightCount: Int
    private let lightGroupSize: Int
    private let lightGroupCount: Int
    /// The size of the groups of the others.
    private let heavyGroupSize: Int
    private let groupCount: Int
    /// A unit is one tile for one group.
    let unitCount: Int

    /// A query that wants more rows is heavy: after each tile its rows are sorted.
    private static let lightFetchMax = 1_024
    /// Rows that all queries of a heavy group want together, at most, so that a unit fits a slice.
    private static let heavyGroupFetchMax = 32 << 10

    init(_ queries: [PlannedQuery], at found: [Int], over side: GenerationSide) {
        let dimension = side.table.dimension
        var fetchMax = 0
        for index in found { fetchMax = max(fetchMax, min(queries[index].fetchCount, side.table.count)) }
        lightGroupSize =
            dimension <= 1_024 ? ScanScratch.queriesPerGroupMax : ScanScratch.queriesPerGroupMax / 4
        var indices = found
        if fetchMax <= Self.lightFetchMax {
            lightCount = indices.count
            heavyGroupSize = lightGroupSize
        } else {
            let light = found.filter { queries[$0].fetchCount <= Self.lightFetchMax }
            lightCount = light.count
            indices = light + found.filter { queries[$0].fetchCount > Self.lightFetchMax }
            heavyGroupSize = max(1, min(lightGroupSize, Self.heavyGroupFetchMax / fetchMax))
        }
        self.indices = indices
        rule = DiscardRule(dimension: dimension)
        lightGroupCount = (lightCount + lightGroupSize - 1) / lightGroupSize
        groupCount = lightGroupCount + (indices.count - lightCount + heavyGroupSize - 1) / heavyGroupSize
        unitCount = groupCount * side.tiling.tileCount
        matrix = Array(unsafeUninitializedCapacity: indices.count * dimension) { buffer, count in
            for (position, index) in indices.enumerated() {
                queries[index].ranking.vector.withElements { elements in
                    (buffer.baseAddress! + position * dimension).initialize(from: elements, count: dimension)
                }
            }
            count = indices.count * dimension
        }
    }

    /// The places of a group's queries in `indices`.
    private func members(ofGroup group: Int) -> Range<Int> {
        if group < lightGroupCount {
            return group * lightGroupSize..<min((group + 1) * lightGroupSize, lightCount)
        }
        let first = lightCount + (group - lightGroupCount) * heavyGroupSize
        return first..<min(first + heavyGroupSize, indices.count)
    }

    /// Scans a unit for a worker.
    func scan(
        _ unit: Int, _ queries: [PlannedQuery], over side: GenerationSide, _ worker: inout ScanWorker,
        _ scratch: ScanScratch
    ) {
        let tile = unit / groupCount
        let table = side.table
        let rows = side.tiling.rows(ofTile: tile)
        let members = members(ofGroup: unit % groupCount)
        let scores = scratch.scores.room(for: members.count * rows.count)
        matrix.withUnsafeBufferPointer { matrix in
            BLAS.products(
                queries: matrix.baseAddress! + members.lowerBound * table.dimension,
                queryCount: members.count,
                rows: table.vectors + rows.lowerBound * table.dimension, rowCount: rows.count,
                dimension: table.dimension, into: scores)
        }
        let scan = TileScan(side: side, tile: tile, rule: rule, scratch: scratch)
        for position in members {
            let index = indices[position]
            let scores = scores + (position - members.lowerBound) * rows.count
            worker.update(index, query: queries[index]) { top in
                scan.offer(to: &top, query: queries[index], scores: scores)
            }
        }
    }
}
