import KindredKernels

/// The queries of a batch with so few rows to choose from that these are scored one by one.
struct GatheredQueries: Sendable {
    /// Of the batch's queries, each with its first unit.
    private var entries: [(query: Int, firstUnit: Int)] = []
    private(set) var unitCount = 0

    /// Rows of a list per unit.
    private static let rowsPerUnit = 1_024

    /// Takes in the query at `index`, which has `rowCount` rows to choose from.
    mutating func append(_ index: Int, rowCount: Int) {
        entries.append((index, unitCount))
        unitCount += (rowCount + Self.rowsPerUnit - 1) / Self.rowsPerUnit
    }

    /// Scores a unit's rows for a worker.
    func scan(
        _ unit: Int, _ queries: [PlannedQuery], over side: GenerationSide, _ worker: inout ScanWorker,
        _ scratch: ScanScratch
    ) {
        let entry = entries[(entries.partitioningIndex { $0.firstUnit > unit }) - 1]
        let query = queries[entry.query]
        guard let listed = query.eligibility.list?.rows else { return }
        let start = (unit - entry.firstUnit) * Self.rowsPerUnit
        let rows = listed[start..<min(start + Self.rowsPerUnit, listed.count)]
        let table = side.table
        let vector = query.ranking.vector
        worker.update(entry.query, query: query) { top in
            let normMin =
                query.ranking.similarity == .dot
                ? DiscardRule.leastNorm(threshold: top.scoreThreshold, queryNorm: vector.norm) : 0
            // Where the table's least norm is long enough, none is worth a look.
            let comparesNorms = normMin > Self.leastNorm(of: side)
            var count = 0
            for row in rows where !query.eligibility.exclusions.contains(row) {
                if comparesNorms, table.norms[Int(row)] < normMin { continue }
                scratch.survivors[count] = row
                count += 1
            }
            vector.withElements { elements in
                Canonical.gather(
                    query: elements, base: table.vectors, dimension: table.dimension,
                    indices: UnsafeBufferPointer(start: scratch.survivors, count: count), into: scratch.sums)
            }
            for index in 0..<count {
                let row = scratch.survivors[index]
                let score = query.ranking.score(sum: scratch.sums[index], row: Int(row), of: table)
                top.offer(score: score, row: row)
            }
            top.tighten()
        }
    }

    private static func leastNorm(of side: GenerationSide) -> Double {
        Double(side.codes.view.blocks[side.codes.blockCount - 1].norm_min)
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that holds for a suffix.
    func partitioningIndex(where belongsToSuffix: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if belongsToSuffix(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
