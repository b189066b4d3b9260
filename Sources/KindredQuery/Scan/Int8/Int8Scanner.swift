import KindredDomain
import KindredKernels
import KindredModel

/// One thread's part in a group's scan of codes: its thresholds, the rows it kept, and the queries it still scans for.
///
/// A query leaves the columns when no later row can reach its threshold, so that the kernels do not see it any more.
final class Int8Scanner: @unchecked Sendable {
    let shared: Int8Group
    let queries: [PlannedQuery]
    private let side: GenerationSide
    private let table: CodeTableView
    /// Pointers into memory that `side` holds: counting references for every row would make threads wait for each
    /// other.
    let members: UnsafePointer<Int8Group.Member>
    private let rows: UnsafePointer<UInt32>
    private let vectors: UnsafePointer<Float>
    private let rowNorms: UnsafePointer<Double>
    private let dimension: Int
    /// By slot, a query's number in the group.
    let best: UnsafeMutablePointer<BestRows>
    let counts: UnsafeMutablePointer<ScanCounts>
    /// Rows that are kept and not scored yet.
    private var pending: RescoreBuffer
    /// Columns of the queries that are still scanned for. The first `slotCount` of `slots` are their slots, by
    /// position.
    private var columns: Int8Columns
    private let slots: UnsafeMutablePointer<Int>
    /// The memory of the pointers above.
    private let memory: UnsafeMutableRawPointer
    private var slotCount: Int
    /// Rows that this thread has scanned.
    private var rowsSeen = 0
    /// Rows that it has scored for all queries since its step began.
    private var rowsScored = 0
    /// The greatest and the least number of rows that a query wants, and their mean.
    private let kMax: Int
    private let kMin: Int
    private let kMean: Int
    /// Slots before this one have handed over their rows.
    var nextFinished = 0
    /// Rows seen after which scoring lags one call of the kernel, so that prefetched vectors have arrived. By then
    /// thresholds hardly rise within a call, so an older threshold lets few more rows pass.
    private let rowsBeforeWaiting: Int

    /// Rows of one call of a kernel, at most; thresholds rise between calls.
    static let rowsPerCallMax = 1_024
    /// Rows of a thread's first call, while it knows no threshold. Each further call doubles the rows seen.
    private static let rowsPerCallMin = 64
    /// Rows that one call is expected to score for all queries, and after which a step ends.
    private static let rowsScoredMax = 4_096
    /// Codes of one call take at most this many bytes, so that they stay in the L2 cache for all queries.
    private static let callByteCountMax = 128 << 10
    /// Rows of a call per row it keeps, at least: a query that keeps more is dense and goes on by BLAS.
    private static let rowsPerKeptMin = 8
    /// Rows per result that must have been seen before a query can be dense: until then its threshold still rises.
    private static let rowsPerResultMin = 32
    /// Rows of a call that can show that a query is dense, at least.
    private static let denseRowsMin = 256
    /// Hits whose row numbers are prefetched before the first is needed.
    private static let hitsAhead = 64

    init(_ shared: Int8Group, side: GenerationSide, rowsBeforeWaiting: Int) {
        self.rowsBeforeWaiting = rowsBeforeWaiting
        self.shared = shared
        queries = shared.queries
        self.side = side
        table = side.codes.view
        members = shared.members
        rows = side.codes.rows
        vectors = side.table.vectors
        rowNorms = side.table.norms
        dimension = side.table.dimension
        let count = shared.count
        var (kMax, kMin) = (1, Int.max)
        var kSum = 0
        for slot in 0..<count {
            let k = min(queries[shared.members[slot].index].fetchCount, side.table.count)
            kMax = max(kMax, k)
            kMin = min(kMin, k)
            kSum += k
        }
        self.kMax = kMax
        self.kMin = kMin
        kMean = max(1, kSum / max(1, count))
        var layout = ColumnLayout()
        let bestColumn = layout.add(BestRows.self, count: count)
        let countsColumn = layout.add(ScanCounts.self, count: count)
        let heapsColumn = layout.add(UInt64.self, count: kSum)
        let slotsColumn = layout.add(Int.self, count: count)
        let pairsColumn = layout.add(Canonical.Pair.self, count: RescoreBuffer.countMax)
        let sumsColumn = layout.add(Double.self, count: RescoreBuffer.countMax)
        let places = Int8Columns.Places(in: &layout, count: count, stride: shared.stride)
        memory = layout.allocate()
        best = memory.elements(bestColumn)
        counts = memory.elements(countsColumn)
        counts.initialize(repeating: ScanCounts(), count: count)
        slots = memory.elements(slotsColumn)
        pending = RescoreBuffer(pairs: memory.elements(pairsColumn), sums: memory.elements(sumsColumn))
        columns = Int8Columns(places, in: memory)
        slotCount = count
        var heap = memory.elements(heapsColumn)
        for slot in 0..<count {
            let query = queries[members[slot].index]
            let k = min(query.fetchCount, side.table.count)
            (slots + slot).initialize(to: slot)
            let rows = BestRows(
                k: k, minimumScore: query.minimumScore, boosts: members[slot].boosts, heap: heap)
            (best + slot).initialize(to: rows)
            heap += k
            columns.set(
                slot, query: members[slot].query, codes: shared.codes + slot * shared.stride,
                threshold: rows.threshold, madeOf: query.minimumScore, mask: query.eligibility.mask?.mask)
        }
    }

    deinit { memory.deallocate() }

    /// True once no later row matters to any query.
    var isDone: Bool { slotCount == 0 }

    /// Scans blocks for every query that still needs them, as far as a step allows. Returns the blocks that are left;
    /// nil where there are none.
    func scan(blocks: Range<Int>, scratch: ScanScratch) -> Range<Int>? {
        rowsScored = 0
        var block = rowsSeen == 0 ? seedThresholds(blocks, scratch) : blocks.lowerBound
        let blockByteCount = 64 * table.groups
        while block < blocks.upperBound {
            if rowsScored >= Self.rowsScoredMax { return block..<blocks.upperBound }
            let queriesPerCall = min(slotCount, ScanScratch.int8QueriesPerCallMax)
            let rowsMax = min(ScanScratch.hitsMax / max(1, queriesPerCall), Self.rowsPerCallMax)
            let blocksMax = max(1, min(rowsMax / 16, Self.callByteCountMax / blockByteCount))
            // Of as many further rows as were seen, each query keeps about k.
            let rowsForStep = Self.rowsScoredMax * max(16, rowsSeen) / (max(1, slotCount) * kMean)
            let blocksWanted = min(max(Self.rowsPerCallMin, rowsSeen), rowsForStep) / 16
            let end = min(block + max(1, min(blocksWanted, blocksMax)), blocks.upperBound)
            let call = update(before: block..<end)
            guard slotCount > 0 else { return nil }
            scan(call: call, scratch)
            rowsSeen += call.count * 16
            block = call.upperBound
        }
        return nil
    }

    /// Finds first thresholds from the first blocks of a unit. Returns the block to go on with.
    ///
    /// Where every query has a threshold, calls of the kernel need not be short. Where one kernel call has the products
    /// of all queries, these blocks are scanned by their products.
    private func seedThresholds(_ unit: Range<Int>, _ scratch: ScanScratch) -> Int {
        guard kMin <= ThresholdSeeding.rankMax,
            var seeding = ThresholdSeeding(
                table, kernel: shared.kernel, unit: unit, queryCount: slotCount,
                k: min(kMax, ThresholdSeeding.rankMax), isCosine: shared.isCosine)
        else { return unit.lowerBound }
        seeding.readBounds(scratch)
        var unseededCount = 0
        for first in stride(from: 0, to: slotCount, by: ScanScratch.int8QueriesPerCallMax) {
            let positions = first..<min(first + ScanScratch.int8QueriesPerCallMax, slotCount)
            seeding.multiply(columns, positions: positions, scratch)
            for (index, position) in positions.enumerated() {
                let slot = slots[position]
                if members[slot].hasExclusions {
                    seeding.exclude(
                        queries[members[slot].index].eligibility.exclusions, index: index, of: side.codes,
                        scratch)
                }
                let threshold = seeding.threshold(
                    columns, positions: positions, index: index, of: members[slot], rank: best[slot].k,
                    mask: queries[members[slot].index].eligibility.mask?.mask, scratch)
                guard let threshold else {
                    unseededCount += 1
                    continue
                }
                best[slot].raiseThreshold(to: threshold)
                updateKernelThreshold(position)
                shared.raiseThreshold(slot, to: threshold)
            }
        }
        guard unseededCount == 0 else { return unit.lowerBound }
        rowsSeen = seeding.rowCount
        guard slotCount <= ScanScratch.int8QueriesPerCallMax else { return unit.lowerBound }
        for position in 0..<slotCount { exchangeThreshold(position) }
        count(seeding.blocks)
        let hitCount = columns.keep(
            seeding.products(scratch, queryCount: slotCount), table, bounds: seeding.blockColumns(scratch),
            blocks: seeding.blocks, members: 0..<slotCount, kernel: shared.kernel,
            into: scratch.hits.room(for: slotCount * seeding.rowCount))
        if hitCount > 0 { take(hitCount, first: 0, rowCount: seeding.rowCount, scratch) }
        return seeding.blocks.upperBound
    }

    /// Exchanges thresholds with other threads and drops queries that need no more rows. Returns the part of the call
    /// that some query needs.
    private func update(before call: Range<Int>) -> Range<Int> {
        let normMax = Double(table.blocks[call.lowerBound].norm_max)
        var normNeeded = Double.infinity
        var position = 0
        while position < slotCount {
            let slot = slots[position]
            exchangeThreshold(position)
            let norm = columns.leastNorms[position]
            if shared.isDense(slot) || normMax < norm {
                remove(position)
            } else {
                normNeeded = min(normNeeded, norm)
                position += 1
            }
        }
        let needed = call.lowerBound..<firstBlock(below: normNeeded, in: call)
        count(needed)
        return needed
    }

    /// Takes over the threshold that other threads have found for the query at a position, or shares its own.
    private func exchangeThreshold(_ position: Int) {
        let slot = slots[position]
        let known = shared.threshold(slot)
        let own = best[slot].scoreThreshold
        if known > own {
            best[slot].raiseThreshold(to: known)
            updateKernelThreshold(position)
        } else if own > columns.thresholds[position] {
            updateKernelThreshold(position)
            shared.raiseThreshold(slot, to: own)
        }
    }

    /// Counts the rows of blocks as scanned for every query that is left.
    private func count(_ blocks: Range<Int>) {
        let rowCount = min(blocks.upperBound * 16, side.table.count) - blocks.lowerBound * 16
        for position in 0..<slotCount { counts[slots[position]].rowsScanned += rowCount }
    }

    /// The first block of a call, after its first one, with only rows of lesser norm; the call's end where there is
    /// none.
    private func firstBlock(below norm: Double, in call: Range<Int>) -> Int {
        (call.lowerBound + 1..<call.upperBound).partitioningIndex { Double(table.blocks[$0].norm_max) < norm }
    }

    /// Drops the query at a position; the last one takes its place.
    private func remove(_ position: Int) {
        let last = slotCount - 1
        if position < last {
            slots[position] = slots[last]
            columns.move(from: last, to: position)
        }
        slotCount = last
    }

    private func updateKernelThreshold(_ position: Int) {
        let slot = slots[position]
        best[slot].updateThreshold()
        columns.setThreshold(
            position, best[slot].threshold, madeOf: best[slot].scoreThreshold, of: members[slot].query)
    }

    /// Runs the kernel over some blocks for every query that is left.
    private func scan(call: Range<Int>, _ scratch: ScanScratch) {
        var first = 0
        while first < slotCount {
            let count = min(ScanScratch.int8QueriesPerCallMax, slotCount - first)
            let hits = scratch.hits.room(for: count * call.count * 16)
            let hitCount = columns.scan(
                table, blocks: call, members: first..<first + count, kernel: shared.kernel, into: hits)
            if hitCount > 0 { take(hitCount, first: first, rowCount: call.count * 16, scratch) }
            first += count
        }
    }

    /// Prefetches the vectors of the hits that may be among the best, and scores them: at once, or one call later once
    /// `rowsBeforeWaiting` rows were seen.
    private func take(_ hitCount: Int, first: Int, rowCount: Int, _ scratch: ScanScratch) {
        let hits = UnsafeBufferPointer(start: scratch.hits.room(for: hitCount), count: hitCount)
        let waits = rowsSeen >= rowsBeforeWaiting
        if waits {
            for hit in hits.prefix(Self.hitsAhead) { Canonical.prefetch(rows + Int(hit.position)) }
            scorePending()
        }
        for hit in hits {
            let position = first + Int(hit.query)
            let slot = slots[position]
            guard let row = candidateRow(hit, slot: slot) else { continue }
            Canonical.prefetch(vectors + Int(row) * dimension, count: dimension)
            pending.append(row, slot: slot)
            columns.keptCounts[position] += 1
            if pending.isFull { scorePending() }
        }
        if !waits { scorePending() }
        for position in first..<min(first + ScanScratch.int8QueriesPerCallMax, slotCount) {
            let kept = columns.keptCounts[position]
            guard kept > 0 else { continue }
            columns.keptCounts[position] = 0
            let slot = slots[position]
            counts[slot].rowsRescored += kept
            rowsScored += kept
            if kept * Self.rowsPerKeptMin > rowCount, rowCount >= Self.denseRowsMin,
                rowsSeen >= Self.rowsPerResultMin * best[slot].k
            {
                shared.markDense(slot)
            }
        }
    }

    /// The row of a hit; nil where it cannot be among the best any more, or must not be.
    @inline(__always)
    private func candidateRow(_ hit: CodeHit, slot: Int) -> UInt32? {
        let member = members + slot
        let block = table.blocks + Int(hit.position) >> 4
        let unit = member.pointee.query.unit(in: block.pointee)
        let margin = member.pointee.query.margin(in: block.pointee)
        var upper = unit * (Double(hit.product) + margin * (1 + 0x1p-40))
        let row = rows[Int(hit.position)]
        if member.pointee.query.similarity == .cosine {
            let norms = member.pointee.query.norm * rowNorms[Int(row)]
            upper = norms > 0 ? upper / norms + 0x1p-45 : 0
        }
        // Rounding to float32 keeps the order, so this is a bound of the canonical score.
        guard Float(upper) >= best[slot].threshold else { return nil }
        guard member.pointee.hasConditions else { return row }
        let threshold = best[slot].scoreThreshold
        let isPermitted = member.pointee.permits(row, hit, upTo: Float(upper), threshold: threshold)
        return isPermitted ? row : nil
    }

    /// Scores the pending rows.
    func scorePending() {
        guard pending.count > 0 else { return }
        let (pairs, sums) = (pending.pairs, pending.sums)
        let count = pending.drain(queries: shared.vectors, rows: vectors, dimension: dimension)
        for index in 0..<count {
            let slot = Int(pairs[index].query)
            let row = pairs[index].row
            let member = members + slot
            let score = member.pointee.query.scoring.score(sum: sums[index], row: Int(row), norms: rowNorms)
            best[slot].offer(score: score, row: row)
        }
    }
}
