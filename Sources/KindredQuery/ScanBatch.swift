import KindredDomain
import KindredKernels
import Synchronization

/// Queries against one side of one generation that share a scan, cut into units that any thread may take.
///
/// A thread makes a `ScanWorker`, calls `work` until it returns false (stopping between calls as it likes),
/// and deposits the worker. The deposit that completes the batch returns true; then `answers` is whole.
/// Answers do not depend on who took which unit.
package final class ScanBatch: Sendable {
    package let generation: Generation
    package let queries: [PlannedQuery]
    private let side: GenerationSide
    private let rule: DiscardRule
    /// Indices of queries on the BLAS path; their vectors are the rows of `matrix`.
    private let tiled: [Int]
    private let matrix: [Float]
    private let groupSize: Int
    private let groupCount: Int
    /// Indices of queries on the gather path, with the first unit of each.
    private let gathered: [(query: Int, firstUnit: Int)]
    package let unitCount: Int
    private let cursor = Atomic<Int>(0)
    private let deposits: Mutex<Deposits>

    private struct Deposits {
        var unitsDone = 0
        var isComplete = false
        var tops: [TopRows?]
    }

    /// Rows of a gathered list per unit.
    private static let rowsPerGather = 1_024

    package init(generation: Generation, target: GenerationSide, queries: [PlannedQuery]) {
        self.generation = generation
        self.queries = queries
        side = target
        let dimension = target.table.dimension
        rule = DiscardRule(dimension: dimension)
        groupSize = dimension <= 1_024 ? ScanScratch.queriesPerGroupMax : ScanScratch.queriesPerGroupMax / 4
        var tiled: [Int] = []
        var gathered: [(query: Int, firstUnit: Int)] = []
        for (index, query) in queries.enumerated() {
            if case .blas = query.path { tiled.append(index) }
        }
        groupCount = (tiled.count + groupSize - 1) / groupSize
        var units = groupCount * target.tiling.tileCount
        for (index, query) in queries.enumerated() {
            guard case .gather(let rows) = query.path else { continue }
            gathered.append((index, units))
            units += (rows.count + Self.rowsPerGather - 1) / Self.rowsPerGather
        }
        self.tiled = tiled
        self.gathered = gathered
        unitCount = units
        matrix = Array(unsafeUninitializedCapacity: tiled.count * dimension) { buffer, count in
            for (position, index) in tiled.enumerated() {
                queries[index].vector.withElements { elements in
                    (buffer.baseAddress! + position * dimension).initialize(from: elements, count: dimension)
                }
            }
            count = tiled.count * dimension
        }
        deposits = Mutex(Deposits(tops: Array(repeating: nil, count: queries.count)))
    }

    /// A thread's share of the answers.
    package func makeWorker() -> ScanWorker { ScanWorker(queryCount: queries.count) }

    /// The work of planned queries in multiply-adds, for deciding what fits a slice: what a query costs beside its
    /// rows (selection, answer) counts as the multiply-adds of the same time.
    package static func operationCount(of queries: some Collection<PlannedQuery>, over side: GenerationSide)
        -> Int
    {
        queries.reduce(0) { sum, query in
            let rows: Int
            switch query.path {
            case .blas: rows = side.table.count
            case .gather(let listed): rows = listed.count
            }
            return sum + rows * side.table.dimension + 30_000 + 500 * min(query.k, rows)
        }
    }

    /// True while units are left that nobody took.
    package var hasUnits: Bool { cursor.load(ordering: .relaxed) < unitCount }

    /// Takes one unit and scans it. False when none is left.
    package func work(_ worker: inout ScanWorker, scratch: ScanScratch) -> Bool {
        let unit = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < unitCount else { return false }
        if unit < groupCount * side.tiling.tileCount {
            scanTile(unit / groupCount, group: unit % groupCount, &worker, scratch)
        } else {
            gatherChunk(unit, &worker, scratch)
        }
        worker.unitsDone += 1
        return true
    }

    private func scanTile(_ tile: Int, group: Int, _ worker: inout ScanWorker, _ scratch: ScanScratch) {
        let table = side.table
        let rows = side.tiling.rows(ofTile: tile)
        let members = group * groupSize..<min((group + 1) * groupSize, tiled.count)
        matrix.withUnsafeBufferPointer { matrix in
            BLAS.products(
                queries: matrix.baseAddress! + members.lowerBound * table.dimension,
                queryCount: members.count,
                rows: table.vectors + rows.lowerBound * table.dimension, rowCount: rows.count,
                dimension: table.dimension, into: scratch.scores)
        }
        let scan = TileScan(side: side, tile: tile, rule: rule, scratch: scratch)
        for position in members {
            let index = tiled[position]
            let scores = scratch.scores + (position - members.lowerBound) * rows.count
            worker.update(index, query: queries[index]) { top in
                scan.offer(to: &top, query: queries[index], scores: scores)
            }
        }
    }

    private func gatherChunk(_ unit: Int, _ worker: inout ScanWorker, _ scratch: ScanScratch) {
        let entry = gathered[(gathered.partitioningIndex { $0.firstUnit > unit }) - 1]
        let query = queries[entry.query]
        guard case .gather(let listed) = query.path else { return }
        let start = (unit - entry.firstUnit) * Self.rowsPerGather
        let table = side.table
        var count = 0
        for row in listed.rows[start..<min(start + Self.rowsPerGather, listed.rows.count)]
        where !query.exclusions.contains(row) {
            scratch.survivors[count] = row
            count += 1
        }
        query.vector.withElements { elements in
            Canonical.gather(
                query: elements, base: table.vectors, dimension: table.dimension,
                indices: UnsafeBufferPointer(start: scratch.survivors, count: count), into: scratch.sums)
        }
        worker.update(entry.query, query: query) { top in
            for index in 0..<count {
                let row = scratch.survivors[index]
                let score = query.score(sum: scratch.sums[index], rowNorm: table.norms[Int(row)])
                top.offer(score: score, row: row)
            }
        }
    }

    /// Hands in a worker's share. True for the one deposit that completes the batch.
    package func deposit(_ worker: consuming ScanWorker) -> Bool {
        let unitsDone = worker.unitsDone
        let tops = worker.tops
        return deposits.withLock { deposits in
            for (index, top) in tops.enumerated() {
                guard let top else { continue }
                if deposits.tops[index] == nil {
                    deposits.tops[index] = top
                } else {
                    deposits.tops[index]!.merge(top)
                }
            }
            deposits.unitsDone += unitsDone
            guard deposits.unitsDone == unitCount, !deposits.isComplete else { return false }
            deposits.isComplete = true
            return true
        }
    }

    /// The selection of each query. Only after the completing deposit; once.
    package func takeSelections() -> [TopRows?] {
        deposits.withLock { deposits in
            let tops = deposits.tops
            deposits.tops = []
            return tops
        }
    }

    /// Gives up: nobody takes units any more, and the batch never completes. For when nobody waits for it.
    package func abandon() { cursor.store(unitCount, ordering: .relaxed) }

    /// Rows whose score, or a bound of it, was computed for a query.
    package func rowsScanned(query index: Int) -> Int {
        if case .gather(let rows) = queries[index].path { return rows.count }
        return side.table.count
    }
}

/// One thread's selections while it works on a batch.
package struct ScanWorker: Sendable {
    fileprivate var tops: [TopRows?]
    fileprivate var unitsDone = 0

    fileprivate init(queryCount: Int) { tops = Array(repeating: nil, count: queryCount) }

    fileprivate mutating func update(_ index: Int, query: PlannedQuery, _ body: (inout TopRows) -> Void) {
        var top = tops[index] ?? TopRows(k: query.k, minimumScore: query.minimumScore)
        tops[index] = nil
        body(&top)
        tops[index] = top
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
