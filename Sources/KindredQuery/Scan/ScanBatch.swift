import KindredDomain
import KindredKernels
import Synchronization

/// Queries against one side of one generation that share a scan, cut into units that any thread may take.
///
/// A thread makes a `ScanWorker`, calls `work` until it returns false (stopping between calls as it likes), and
/// deposits the worker. The deposit that completes the batch returns true; then `takeResults` has all results. Results
/// do not depend on which thread took which unit.
package final class ScanBatch: Sendable {
    package let generation: Generation
    package let queries: [PlannedQuery]
    private let side: GenerationSide
    private let gathered: GatheredQueries
    private let blas: BLASQueries
    private let int8: Int8Queries
    private let firstBLASUnit: Int
    private let firstInt8Unit: Int
    package let unitCount: Int
    private let cursor = Atomic<Int>(0)
    private let deposits: Mutex<Deposits>
    private let rowsBeforeWaiting: Int

    private struct Deposits {
        var unitsDone = 0
        var isComplete = false
        var results: [ScanResult]
    }

    /// Rows that a thread scans before its scoring lags one call of the kernel, so that prefetched vectors have
    /// arrived.
    package static let rowsBeforeWaiting = 32 << 10

    /// Cuts queries against a side of a generation into units. `kernel` scans the codes. Answers do not depend on
    /// `rowsBeforeWaiting`.
    package init(
        generation: Generation, target: GenerationSide, queries: [PlannedQuery],
        kernel: ScanKernel = .chosen, rowsBeforeWaiting: Int = ScanBatch.rowsBeforeWaiting
    ) {
        self.rowsBeforeWaiting = rowsBeforeWaiting
        self.generation = generation
        self.queries = queries
        side = target
        var blasIndices: [Int] = []
        var int8Indices: [Int] = []
        int8Indices.reserveCapacity(queries.count)
        var gathered = GatheredQueries()
        var results = Array(repeating: ScanResult(), count: queries.count)
        for (index, query) in queries.enumerated() {
            if let listed = query.boosts?.listed, query.eligibility.list == nil {
                gathered.append(index, rowCount: listed.count)
            }
            switch query.path {
            case .blas:
                blasIndices.append(index)
                results[index].counts.rowsScanned = target.table.count
            case .int8: int8Indices.append(index)
            case .gather:
                let rowCount = query.eligibility.list?.count ?? 0
                gathered.append(index, rowCount: rowCount)
                results[index].counts.rowsScanned = rowCount
            }
        }
        self.gathered = gathered
        blas = BLASQueries(queries, at: blasIndices, over: target)
        int8 = Int8Queries(queries, at: int8Indices, over: target, kernel: kernel)
        firstBLASUnit = gathered.unitCount
        // Units of the int8 path come last: when no query needs more rows, all remaining units are dropped at once.
        firstInt8Unit = firstBLASUnit + blas.unitCount
        unitCount = firstInt8Unit + int8.unitCount
        deposits = Mutex(Deposits(results: results))
    }

    /// A thread's share of the answers.
    package func makeWorker() -> ScanWorker {
        ScanWorker(queryCount: queries.count, groupCount: int8.groups.count)
    }

    /// True while units are left that no thread has taken.
    package var hasUnits: Bool { cursor.load(ordering: .relaxed) < unitCount }

    /// Takes one unit and scans it, or, when none is left, finishes one of the worker's queries. False when only the
    /// deposit is left to do.
    package func work(_ worker: inout ScanWorker, scratch: ScanScratch) -> Bool {
        if let unit = worker.unitLeft {
            scanCodes(unit, &worker, scratch)
            return true
        }
        let unit = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < unitCount else { return worker.finishOne() }
        if unit < firstBLASUnit {
            gathered.scan(unit, queries, over: side, &worker, scratch)
            worker.unitsDone += 1
        } else if unit < firstInt8Unit {
            blas.scan(unit - firstBLASUnit, queries, over: side, &worker, scratch)
            worker.unitsDone += 1
        } else {
            scanCodes(int8.unit(unit - firstInt8Unit), &worker, scratch)
        }
        return true
    }

    /// Scans the blocks of a unit. Where many rows must be scored, the rest of the unit is the worker's next piece of
    /// work.
    private func scanCodes(_ unit: Int8Queries.Unit, _ worker: inout ScanWorker, _ scratch: ScanScratch) {
        let scanner =
            worker.scanners[unit.group]
            ?? Int8Scanner(int8.groups[unit.group], side: side, rowsBeforeWaiting: rowsBeforeWaiting)
        worker.scanners[unit.group] = scanner
        worker.unitLeft = scanner.scan(blocks: unit.blocks, scratch: scratch).map {
            Int8Queries.Unit(group: unit.group, blocks: $0)
        }
        guard worker.unitLeft == nil else { return }
        worker.unitsDone += 1
        guard int8.mayEndEarly, scanner.isDone else { return }
        let next = cursor.exchange(unitCount, ordering: .relaxed)
        worker.unitsDone += unitCount - min(next, unitCount)
    }

    /// Merges a worker's share into the results. True for the one deposit that completes the batch.
    package func deposit(_ worker: consuming ScanWorker) -> Bool {
        let unitsDone = worker.unitsDone
        let tops = worker.tops
        let scanners = worker.scanners
        return deposits.withLock { deposits in
            for (index, top) in tops.enumerated() {
                guard let top else { continue }
                if deposits.results[index].best == nil {
                    deposits.results[index].best = top
                } else {
                    deposits.results[index].best!.merge(top)
                }
            }
            for scanner in scanners { scanner?.addCounts(to: &deposits.results) }
            deposits.unitsDone += unitsDone
            guard deposits.unitsDone == unitCount, !deposits.isComplete else { return false }
            deposits.isComplete = true
            return true
        }
    }

    /// The result of each query. Only after the completing deposit; once.
    package func takeResults() -> [ScanResult] {
        deposits.withLock { deposits in
            var results: [ScanResult] = []
            swap(&results, &deposits.results)
            return results
        }
    }

    /// A batch on the BLAS path of the queries whose thresholds let so many rows pass that BLAS is the better engine;
    /// its results replace theirs. Nil where there are none. Only after the completing deposit.
    package func makeRemainder() -> (batch: ScanBatch, indices: [Int])? {
        var indices: [Int] = []
        var rest: [PlannedQuery] = []
        for group in int8.groups {
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

    /// Drops all remaining units: the batch never completes. For a batch that no request waits for.
    package func abandon() { cursor.store(unitCount, ordering: .relaxed) }
}

/// The rows that a scan found for one query.
package struct ScanResult: Sendable {
    /// Nil where another engine must find the rows.
    package var best: TopRows?
    package var counts = ScanCounts()

    package init() {}

    /// Takes over the rows that another engine has found for the same query.
    package mutating func replace(by other: ScanResult) {
        best = other.best
        counts.rowsScanned += other.counts.rowsScanned
    }
}

/// The cost of finding one query's rows; no part of the answer.
package struct ScanCounts: Sendable {
    /// Rows whose score, or a bound of it, was computed.
    package var rowsScanned = 0
    /// Rows that a scan of codes has scored canonically.
    package var rowsRescored = 0

    package init() {}
}
