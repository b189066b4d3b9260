import KindredDomain
import KindredKernels

/// The queries of a batch whose eligible rows are so few that they are scored one by one, and those with such rows
/// that boosts list.
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
        let boosts = query.boosts
        guard let listed = query.eligibility.list?.rows ?? boosts?.listed?.rows else { return }
        let start = (unit - entry.firstUnit) * Self.rowsPerUnit
        let rows = listed[start..<min(start + Self.rowsPerUnit, listed.count)]
        let survivors = scratch.survivors.room(for: rows.count)
        let sums = scratch.sums.room(for: rows.count)
        let table = side.table
        let vector = query.ranking.vector
        worker.update(entry.query, query: query) { top in
            // A threshold of boosted scores is none of canonical ones: then all of so few rows are scored.
            let normMin =
                query.ranking.similarity == .dot && boosts == nil
                ? DiscardRule.leastNorm(threshold: top.scoreThreshold, queryNorm: vector.norm) : 0
            // Norms are read only where the table has rows whose norm is too small.
            let comparesNorms = normMin > Self.leastNorm(of: side)
            var count = 0
            for row in rows where !query.eligibility.exclusions.contains(row) {
                if comparesNorms, table.norms[Int(row)] < normMin { continue }
                survivors[count] = row
                count += 1
            }
            if let mask = query.eligibility.mask { count = Self.keep(mask, survivors, count) }
            vector.withElements { elements in
                Canonical.gather(
                    query: elements, base: table.vectors, dimension: table.dimension,
                    indices: UnsafeBufferPointer(start: survivors, count: count), into: sums)
            }
            for index in 0..<count {
                let row = survivors[index]
                var score = query.ranking.score(sum: sums[index], row: Int(row), of: table)
                if let boosts { score = boosts.look.boosted(score, row: row) }
                top.offer(score: score, row: row)
            }
            top.tighten()
        }
    }

    /// Keeps those of the first `count` rows that a mask has; their number.
    private static func keep(_ mask: RowMask, _ rows: UnsafeMutablePointer<UInt32>, _ count: Int) -> Int {
        var kept = 0
        for index in 0..<count {
            let row = rows[index]
            rows[kept] = row
            if mask.contains(row: row) { kept += 1 }
        }
        return kept
    }

    /// The least norm of the side's rows, rounded down.
    private static func leastNorm(of side: GenerationSide) -> Double {
        Double(side.codes.view.blocks[side.codes.blockCount - 1].norm_min)
    }
}
