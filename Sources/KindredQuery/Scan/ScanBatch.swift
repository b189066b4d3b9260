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
    private let gathered: GatheredQueries
    private let tiled: TiledQueries
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
        var tiledIndices: [Int] = []
        var codedIndices: [Int] = []
        codedIndices.reserveCapacity(queries.count)
        var gathered = GatheredQueries()
        var results = Array(repeating: ScanResult(), count: queries.count)
        for (index, query) in queries.enumerated() {
            switch query.path {
            case .blas:
                tiledIndices.append(index)
                results[index].counts.rowsScanned = target.table.count
            case .int8: codedIndices.append(index)
            case .gather:
                let rowCount = query.eligibility.list?.count ?? 0
                gathered.append(index, rowCount: rowCount)
                results[index].counts.rowsScanned = rowCount
            }
        }
        self.gathered = gathered
        tiled = TiledQueries(queries, at: tiledIndices, over: target)
        coded = CodedGroups(queries, at: codedIndices, over: target, kernel: kernel)
        firstTiledUnit = gathered.unitCount
        // Units of the int8 path come last: when no query needs more rows, what is left is given up at once.
        firstCodedUnit = firstTiledUnit + tiled.unitCount
        unitCount = firstCodedUnit + coded.unitCount
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
        guard unit < unitCount else { return worker.finishOne() }
        if unit < firstTiledUnit {
            gathered.scan(unit, queries, over: side, &worker, scratch)
            worker.unitsDone += 1
        } else if unit < firstCodedUnit {
            tiled.scan(unit - firstTiledUnit, queries, over: side, &worker, scratch)
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
            ?? Int8Scanner(coded.groups[unit.group], side: side, rowsBeforeWaiting: rowsBeforeWaiting)
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
