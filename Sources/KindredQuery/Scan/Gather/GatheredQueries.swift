import KindredDomain
import KindredKernels

/// The queries of a batch whose eligible rows are so few that they are scored one by one.
struct GatheredQueries: Sendable {
    /// Index in the batch of each query, with its first unit.
    private var entries: [(query: Int, firstUnit: Int)] = []
    private(set) var unitCount = 0

    /// Rows of a list per unit.
    private static let rowsPerUnit = 1_024

    /// Adds the query at `index`, which has a list of `rowCount` rows.
    mutating func append(_ index: Int, rowCount: Int) {
        entries.append((index, unitCount))
        unitCount += (rowCount + Self.rowsPerUnit - 1) / Self.rowsPerUnit
    }

    /// Scores a unit's rows for a worker.
    func scan(
        _ unit: Int, _ queries: [PlannedQuery], over side: GenerationSide, _ worker: inout ScanWorker,
        _ scratch: ScanScratch
    ) {
        let entry = entries[entries.indices.partitioningIndex { entries[$0].firstUnit > unit } - 1]
        let query = queries[entry.query]
        guard let listed = query.eligibility.list?.rows else { return }
        let start = (unit - entry.firstUnit) * Self.rowsPerUnit
        let rows = listed[start..<min(start + Self.rowsPerUnit, listed.count)]
        let survivors = scratch.survivors.room(for: rows.count)
        let sums = scratch.sums.room(for: rows.count)
        let table = side.table
        let vector = query.ranking.vector
        worker.update(entry.query, query: query) { top in
            let normMin =
                query.ranking.similarity == .dot
                ? DiscardRule.leastNorm(threshold: top.scoreThreshold, queryNorm: vector.norm) : 0
            // Norms are read only where the table has rows whose norm is too small.
            let comparesNorms = normMin > Self.leastNorm(of: side)
            var count = 0
            for row in rows where !query.eligibility.exclusions.contains(row) {
                if comparesNorms, table.norms[Int(row)] < normMin { continue }
                survivors[count] = row
                count += 1
            }
            vector.withElements { elements in
                Canonical.gather(
                    query: elements, base: table.vectors, dimension: table.dimension,
                    indices: UnsafeBufferPointer(start: survivors, count: count), into: sums)
            }
            for index in 0..<count {
                let row = survivors[index]
                let score = query.ranking.score(sum: sums[index], row: Int(row), of: table)
                top.offer(score: score, row: row)
            }
            top.tighten()
        }
    }

    /// The least norm of the side's rows, rounded down.
    private static func leastNorm(of side: GenerationSide) -> Double {
        Double(side.codes.view.blocks[side.codes.blockCount - 1].norm_min)
    }
}
