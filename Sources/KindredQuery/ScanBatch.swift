import KindredDomain
import KindredKernels
import Synchronization

/// Queries against one side of one generation that share a scan, cut into units that any thread may take.
///
/// A thread makes a `ScanWorker`, calls `work` until it returns false (stopping between calls as it likes),
/// and deposits the worker. The deposit that completes the batch returns true; then `takeResults` has all.
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
    /// Queries on the int8 path.
    private let coded: CodedGroups
    private let firstTiledUnit: Int
    private let firstCodedUnit: Int
    package let unitCount: Int
    private let cursor = Atomic<Int>(0)
    private let deposits: Mutex<Deposits>
    private let rowsBeforeWaiting: Int

    private struct Deposits {
        var unitsDone = 0
        var isComplete = false
        var results: [ScanResult]
    }

    /// Rows that a thread scans before what it keeps waits for its vectors.
    package static let rowsBeforeWaiting = 32 << 10
    /// Rows of a gathered list per unit.
    private static let rowsPerGather = 1_024

    /// Cuts queries against a side of a generation into units. `kernel` scans the codes; what a thread keeps waits for
    /// its vectors once it has scanned `rowsBeforeWaiting` rows, at any number of which the answers are the same.
    package init(
        generation: Generation, target: GenerationSide, queries: [PlannedQuery],
        kernel: ScanKernel = .chosen, rowsBeforeWaiting: Int = ScanBatch.rowsBeforeWaiting
    ) {
        self.rowsBeforeWaiting = rowsBeforeWaiting
        self.generation = generation
        self.queries = queries
        side = target
        let dimension = target.table.dimension
        rule = DiscardRule(dimension: dimension)
        groupSize = dimension <= 1_024 ? ScanScratch.queriesPerGroupMax : ScanScratch.queriesPerGroupMax / 4
        var tiled: [Int] = []
        var codedIndices: [Int] = []
        codedIndices.reserveCapacity(queries.count)
        var gathered: [(query: Int, firstUnit: Int)] = []
        var results = Array(repeating: ScanResult(), count: queries.count)
        var units = 0
        for (index, query) in queries.enumerated() {
            switch query.path {
            case .blas:
                tiled.append(index)
                results[index].counts.rowsScanned = target.table.count
            case .int8: codedIndices.append(index)
            case .gather(let rows):
                gathered.append((index, units))
                units += (rows.count + Self.rowsPerGather - 1) / Self.rowsPerGather
                results[index].counts.rowsScanned = rows.count
            }
        }
        firstTiledUnit = units
        groupCount = (tiled.count + groupSize - 1) / groupSize
        units += groupCount * target.tiling.tileCount
        // Units of the int8 path come last: when no query needs more rows, what is left is given up at once.
        firstCodedUnit = units
        coded = CodedGroups(queries, at: codedIndices, over: target, kernel: kernel)
        units += coded.unitCount
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
        deposits = Mutex(Deposits(results: results))
    }

    /// A thread's share of the answers.
    package func makeWorker() -> ScanWorker {
        ScanWorker(queryCount: queries.count, groupCount: coded.groups.count)
    }

    /// True while units are left that nobody took.
    package var hasUnits: Bool { cursor.load(ordering: .relaxed) < unitCount }

    /// Takes one unit and scans it, or, when none is left, ends one of the worker's queries. False when nothing is
    /// left to do but to deposit the worker.
    package func work(_ worker: inout ScanWorker, scratch: ScanScratch) -> Bool {
        if let unit = worker.unitLeft {
            scanCodes(unit, &worker, scratch)
            return true
        }
        let unit = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < unitCount else { return finishOne(&worker) }
        if unit < firstTiledUnit {
            gatherChunk(unit, &worker, scratch)
            worker.unitsDone += 1
        } else if unit < firstCodedUnit {
            let tile = unit - firstTiledUnit
            scanTile(tile / groupCount, group: tile % groupCount, &worker, scratch)
            worker.unitsDone += 1
        } else {
            scanCodes(coded.unit(unit - firstCodedUnit), &worker, scratch)
        }
        return true
    }

    /// Scans blocks of a unit. Where many rows must be scored, the rest of them is the worker's next piece of work.
    private func scanCodes(_ unit: CodedGroups.Unit, _ worker: inout ScanWorker, _ scratch: ScanScratch) {
        let scan =
            worker.coded[unit.group]
            ?? CodeWorker(coded.groups[unit.group], side: side, rowsBeforeWaiting: rowsBeforeWaiting)
        worker.coded[unit.group] = scan
        worker.unitLeft = scan.scan(blocks: unit.blocks, scratch: scratch).map {
            CodedGroups.Unit(group: unit.group, blocks: $0)
        }
        guard worker.unitLeft == nil else { return }
        worker.unitsDone += 1
        guard coded.mayEndEarly, scan.isDone else { return }
        let next = cursor.exchange(unitCount, ordering: .relaxed)
        worker.unitsDone += unitCount - min(next, unitCount)
    }

    private func finishOne(_ worker: inout ScanWorker) -> Bool {
        while worker.groupsFinished < worker.coded.count {
            if let (index, top) = worker.coded[worker.groupsFinished]?.finishNext() {
                worker.tops[index] = top
                return true
            }
            worker.groupsFinished += 1
        }
        return false
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
        let rows = listed[start..<min(start + Self.rowsPerGather, listed.count)]
        let table = side.table
        worker.update(entry.query, query: query) { top in
            let normMin =
                query.scoring == .dot
                ? DiscardRule.leastNorm(threshold: top.scoreThreshold, queryNorm: query.vector.norm) : 0
            // Where the table's least norm is long enough, none is worth a look.
            let comparesNorms = normMin > leastNormOfAll
            var count = 0
            for row in rows where !query.exclusions.contains(row) {
                if comparesNorms, table.norms[Int(row)] < normMin { continue }
                scratch.survivors[count] = row
                count += 1
            }
            query.vector.withElements { elements in
                Canonical.gather(
                    query: elements, base: table.vectors, dimension: table.dimension,
                    indices: UnsafeBufferPointer(start: scratch.survivors, count: count), into: scratch.sums)
            }
            for index in 0..<count {
                let row = scratch.survivors[index]
                top.offer(score: query.score(sum: scratch.sums[index], row: row, of: table), row: row)
            }
            top.tighten()
        }
    }

    private var leastNormOfAll: Double { Double(side.codes.view.blocks[side.codes.blockCount - 1].norm_min) }

    /// Hands in a worker's share. True for the one deposit that completes the batch.
    package func deposit(_ worker: consuming ScanWorker) -> Bool {
        let unitsDone = worker.unitsDone
        let tops = worker.tops
        let coded = worker.coded
        return deposits.withLock { deposits in
            for (index, top) in tops.enumerated() {
                guard let top else { continue }
                if deposits.results[index].best == nil {
                    deposits.results[index].best = top
                } else {
                    deposits.results[index].best!.merge(top)
                }
            }
            for scan in coded { scan?.addCounts(to: &deposits.results) }
            deposits.unitsDone += unitsDone
            guard deposits.unitsDone == unitCount, !deposits.isComplete else { return false }
            deposits.isComplete = true
            return true
        }
    }

    /// What was found for each query. Only after the completing deposit; once.
    package func takeResults() -> [ScanResult] {
        deposits.withLock { deposits in
            var results: [ScanResult] = []
            swap(&results, &deposits.results)
            return results
        }
    }

    /// The queries that let so many rows through their thresholds that BLAS is the better engine for them: a batch of
    /// their own, whose selections are theirs. Nil where there are none. Only after the completing deposit.
    package func makeRemainder() -> (batch: ScanBatch, indices: [Int])? {
        var indices: [Int] = []
        var rest: [PlannedQuery] = []
        for group in coded.groups {
            for slot in 0..<group.count where group.isDense(slot) {
                let index = group.members[slot].index
                var query = queries[index]
                query.path = .blas
                // At least k rows are known to reach it.
                query.minimumScore = max(query.minimumScore, group.threshold(slot))
                indices.append(index)
                rest.append(query)
            }
        }
        if rest.isEmpty { return nil }
        return (ScanBatch(generation: generation, target: side, queries: rest), indices)
    }

    /// Gives up: nobody takes units any more, and the batch never completes. For when nobody waits for it.
    package func abandon() { cursor.store(unitCount, ordering: .relaxed) }
}

/// What a scan found for one query.
package struct ScanResult: Sendable {
    /// Nil where another engine must find it.
    package var best: TopRows?
    package var counts = ScanCounts()

    package init() {}

    /// Takes over what another engine has found for the same query.
    package mutating func replace(by other: ScanResult) {
        best = other.best
        counts.rowsScanned += other.counts.rowsScanned
    }
}

/// What finding one query's rows took; no part of the answer.
package struct ScanCounts: Sendable {
    /// Rows whose score, or a bound of it, was computed.
    package var rowsScanned = 0
    /// Rows of a scan of codes that were scored canonically.
    package var rowsRescored = 0

    package init() {}
}

/// One thread's selections while it works on a batch.
package struct ScanWorker: Sendable {
    fileprivate var tops: [TopRows?]
    /// Per group of coded queries, where it has taken a unit of it.
    fileprivate var coded: [CodeWorker?]
    /// How many of those have handed over their selections.
    fileprivate var groupsFinished = 0
    /// What is left of a unit that it has begun.
    fileprivate var unitLeft: CodedGroups.Unit?
    fileprivate var unitsDone = 0

    fileprivate init(queryCount: Int, groupCount: Int) {
        tops = Array(repeating: nil, count: queryCount)
        coded = Array(repeating: nil, count: groupCount)
    }

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
