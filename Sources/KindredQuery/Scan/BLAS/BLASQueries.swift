import KindredKernels

/// The queries of a batch on the BLAS path, in groups: one matrix product gives the scores of a group and a tile of
/// rows.
struct BLASQueries: Sendable {
    /// Indices in the batch. The queries' vectors are the rows of `matrix`, in the same order.
    private let indices: [Int]
    private let matrix: [Float]
    private let rule: DiscardRule
    private let groupSize: Int
    private let groupCount: Int
    /// A unit is one tile for one group.
    let unitCount: Int

    init(_ queries: [PlannedQuery], at indices: [Int], over side: GenerationSide) {
        let dimension = side.table.dimension
        self.indices = indices
        rule = DiscardRule(dimension: dimension)
        groupSize = dimension <= 1_024 ? ScanScratch.queriesPerGroupMax : ScanScratch.queriesPerGroupMax / 4
        groupCount = (indices.count + groupSize - 1) / groupSize
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

    /// Scans a unit for a worker.
    func scan(
        _ unit: Int, _ queries: [PlannedQuery], over side: GenerationSide, _ worker: inout ScanWorker,
        _ scratch: ScanScratch
    ) {
        let tile = unit / groupCount
        let group = unit % groupCount
        let table = side.table
        let rows = side.tiling.rows(ofTile: tile)
        let members = group * groupSize..<min((group + 1) * groupSize, indices.count)
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
