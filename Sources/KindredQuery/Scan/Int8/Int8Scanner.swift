import KindredDomain
import KindredKernels
import KindredModel

/// One thread's part in the scan of codes: its thresholds, the rows it kept, and the queries it still scans for.
///
/// Queries whose threshold no row further on can reach leave the columns, so that the kernels never see them again.
final class Int8Scanner: @unchecked Sendable {
    private let shared: CodedQueries
    private let queries: [PlannedQuery]
    private let side: GenerationSide
    private let table: CodeTableView
    /// Pointers into what `side` holds: references counted for every row would make threads wait for each other.
    private let members: UnsafePointer<CodedQueries.Member>
    private let rows: UnsafePointer<UInt32>
    private let vectors: UnsafePointer<Float>
    private let rowNorms: UnsafePointer<Double>
    private let dimension: Int
    /// Per slot.
    private let best: UnsafeMutablePointer<BestRows>
    private let counts: UnsafeMutablePointer<ScanCounts>
    /// Kept, but not scored yet.
    private var wanted: RescoreBuffer
    /// Columns of the queries that are still scanned for; the first `slotCount` of `slots` say whose they are.
    private var columns: CodeColumns
    private let slots: UnsafeMutablePointer<Int>
    /// What the columns above lie in.
    private let memory: UnsafeMutableRawPointer
    private var slotCount: Int
    /// Rows that this thread has scanned.
    private var rowsSeen = 0
    /// Rows that it has scored, of all queries, since its step began.
    private var rowsScored = 0
    /// The greatest number of rows that a query keeps.
    private let kMax: Int
    private var nextFinished = 0

    /// Rows of one call of a kernel, at most; thresholds rise between calls.
    static let rowsPerCallMax = 1_024
    /// Rows of a thread's first call, while it knows no threshold. Each call doubles what was seen.
    private static let rowsPerCallMin = 64
    /// Rows that one call is expected to score, of all queries, and after which a step ends: some 100 ns each.
    private static let rowsScoredMax = 4_096
    /// Codes of one call take at most this many bytes, so that they stay in the L2 cache for all queries.
    private static let callByteCountMax = 128 << 10
    /// Of a call's rows, one in this many may be kept; a query that keeps more goes on by BLAS.
    private static let rowsPerKeptMin = 8
    /// Rows per result that must have been seen before a query can be called dense: until then a threshold is
    /// still on its way up.
    private static let rowsPerResultMin = 32
    /// Rows seen after which what a call keeps waits for the next call that keeps something, or for enough company: its
    /// vectors have come from memory by then, and a threshold that is older lets next to nothing more through.
    private let rowsBeforeWaiting: Int
    /// Rows of a call that are asked where they are, before the first is needed.
    private static let hitsAhead = 64
    /// Rows of a call that says anything about density.
    private static let denseRowsMin = 256

    init(_ shared: CodedQueries, side: GenerationSide, rowsBeforeWaiting: Int) {
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
        var kMax = 1
        var kSum = 0
        for slot in 0..<count {
            let k = min(queries[shared.members[slot].index].fetchCount, side.table.count)
            kMax = max(kMax, k)
            kSum += k
        }
        self.kMax = kMax
        var layout = ColumnLayout()
        let bestColumn = layout.add(BestRows.self, count: count)
        let countsColumn = layout.add(ScanCounts.self, count: count)
        let heapsColumn = layout.add(UInt64.self, count: kSum)
        let slotsColumn = layout.add(Int.self, count: count)
        let pairsColumn = layout.add(Canonical.Pair.self, count: RescoreBuffer.countMax)
        let sumsColumn = layout.add(Double.self, count: RescoreBuffer.countMax)
        let places = CodeColumns.Places(in: &layout, count: count, stride: shared.stride)
        memory = layout.allocate()
        best = memory.elements(bestColumn)
        counts = memory.elements(countsColumn)
        counts.initialize(repeating: ScanCounts(), count: count)
        slots = memory.elements(slotsColumn)
        wanted = RescoreBuffer(pairs: memory.elements(pairsColumn), sums: memory.elements(sumsColumn))
        columns = CodeColumns(places, in: memory)
        slotCount = count
        var heap = memory.elements(heapsColumn)
        for slot in 0..<count {
            let query = queries[members[slot].index]
            let k = min(query.fetchCount, side.table.count)
            (slots + slot).initialize(to: slot)
            (best + slot).initialize(to: BestRows(k: k, minimumScore: query.minimumScore, heap: heap))
            heap += k
            columns.set(
                slot, query: members[slot].query, codes: shared.codes + slot * shared.stride,
                threshold: query.minimumScore, mask: query.eligibility.mask?.mask)
        }
    }

    deinit { memory.deallocate() }

    /// True once no row further on matters to any query.
    var isDone: Bool { slotCount == 0 }

    /// Scans blocks for every query that still needs it, as far as a step allows; those that are left, if any.
    func scan(blocks: Range<Int>, scratch: ScanScratch) -> Range<Int>? {
        rowsScored = 0
        var block = rowsSeen == 0 ? warmUp(blocks, scratch) : blocks.lowerBound
        let blockByteCount = 64 * table.groups
        while block < blocks.upperBound {
            if rowsScored >= Self.rowsScoredMax { return block..<blocks.upperBound }
            let queriesPerCall = min(slotCount, ScanScratch.codedQueriesPerCallMax)
            let rowsMax = min(ScanScratch.hitsMax / max(1, queriesPerCall), Self.rowsPerCallMax)
            let blocksMax = max(1, min(rowsMax / 16, Self.callByteCountMax / blockByteCount))
            // Of as many rows as were seen, each query keeps about k.
            let scoredAlike = Self.rowsScoredMax * max(16, rowsSeen) / (max(1, slotCount) * kMax)
            let wanted = min(max(Self.rowsPerCallMin, rowsSeen), scoredAlike) / 16
            let call = update(before: block..<min(block + max(1, min(wanted, blocksMax)), blocks.upperBound))
            guard slotCount > 0 else { return nil }
            scan(call: call, scratch)
            rowsSeen += call.count * 16
            block = call.upperBound
        }
        return nil
    }

    /// Finds first thresholds. Where every query has one, calls of the kernel need not be short; and where the products
    /// of all queries are at hand, they are all that the first blocks are scanned for. The first block to go on with.
    private func warmUp(_ unit: Range<Int>, _ scratch: ScanScratch) -> Int {
        guard
            var warmUp = ThresholdSeeding(
                table, kernel: shared.kernel, unit: unit, queryCount: slotCount, k: kMax,
                isCosine: shared.isCosine)
        else { return unit.lowerBound }
        warmUp.readBounds(scratch)
        var coldCount = 0
        for first in stride(from: 0, to: slotCount, by: ScanScratch.codedQueriesPerCallMax) {
            let positions = first..<min(first + ScanScratch.codedQueriesPerCallMax, slotCount)
            warmUp.multiply(columns, positions: positions, scratch)
            for (index, position) in positions.enumerated() {
                let slot = slots[position]
                if members[slot].hasExclusions {
                    warmUp.exclude(
                        queries[members[slot].index].eligibility.exclusions, index: index, of: side.codes,
                        scratch)
                }
                let threshold = warmUp.threshold(
                    columns, positions: positions, index: index, of: members[slot].query, rank: best[slot].k,
                    scratch)
                guard let threshold else {
                    coldCount += 1
                    continue
                }
                best[slot].raiseThreshold(to: threshold)
                setFloor(position)
                shared.raiseThreshold(slot, to: threshold)
            }
        }
        guard coldCount == 0 else { return unit.lowerBound }
        rowsSeen = warmUp.rowCount
        guard slotCount <= ScanScratch.codedQueriesPerCallMax else { return unit.lowerBound }
        for position in 0..<slotCount { exchangeThreshold(position) }
        count(warmUp.blocks)
        let hitCount = columns.keep(
            scratch.products, table, bounds: scratch.blockColumns, blocks: warmUp.blocks,
            members: 0..<slotCount, kernel: shared.kernel, into: scratch.hits)
        if hitCount > 0 { take(hitCount, first: 0, rowCount: warmUp.rowCount, scratch) }
        return warmUp.blocks.upperBound
    }

    /// Exchanges thresholds with other threads, and lets go of queries that need no more rows. The part of the call
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

    /// Takes over what other threads have found for the query at a position, or tells them of its threshold.
    private func exchangeThreshold(_ position: Int) {
        let slot = slots[position]
        let known = shared.threshold(slot)
        let own = best[slot].threshold
        if known > own {
            best[slot].raiseThreshold(to: known)
            setFloor(position)
        } else if own > columns.thresholds[position] {
            setFloor(position)
            shared.raiseThreshold(slot, to: own)
        }
    }

    /// Counts the rows of blocks as scanned for every query that is left.
    private func count(_ blocks: Range<Int>) {
        let rowCount = min(blocks.upperBound * 16, side.table.count) - blocks.lowerBound * 16
        for position in 0..<slotCount { counts[slots[position]].rowsScanned += rowCount }
    }

    /// The first block of a call, but for its first one, whose rows are all of a lesser norm; the call's end where
    /// there is none.
    private func firstBlock(below norm: Double, in call: Range<Int>) -> Int {
        var low = call.lowerBound + 1
        var high = call.upperBound
        while low < high {
            let middle = (low + high) / 2
            if Double(table.blocks[middle].norm_max) < norm { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func remove(_ position: Int) {
        let last = slotCount - 1
        if position < last {
            slots[position] = slots[last]
            columns.move(from: last, to: position)
        }
        slotCount = last
    }

    private func setFloor(_ position: Int) {
        let slot = slots[position]
        columns.setThreshold(position, best[slot].threshold, of: members[slot].query)
    }

    private func scan(call: Range<Int>, _ scratch: ScanScratch) {
        var first = 0
        while first < slotCount {
            let count = min(ScanScratch.codedQueriesPerCallMax, slotCount - first)
            let hitCount = columns.scan(
                table, blocks: call, members: first..<first + count, kernel: shared.kernel, into: scratch.hits
            )
            if hitCount > 0 { take(hitCount, first: first, rowCount: call.count * 16, scratch) }
            first += count
        }
    }

    /// Asks for the vectors of what a call has kept and may be among the best, and scores them: at once, or with those
    /// of a later call.
    private func take(_ hitCount: Int, first: Int, rowCount: Int, _ scratch: ScanScratch) {
        let hits = UnsafeBufferPointer(start: scratch.hits, count: hitCount)
        let waits = rowsSeen >= rowsBeforeWaiting
        if waits {
            for hit in hits.prefix(Self.hitsAhead) { Canonical.prefetch(rows + Int(hit.position)) }
            scoreWanted()
        }
        for hit in hits {
            let position = first + Int(hit.query)
            let slot = slots[position]
            guard let row = wantedRow(hit, slot: slot) else { continue }
            Canonical.prefetch(vectors + Int(row) * dimension, count: dimension)
            wanted.append(row, slot: slot)
            columns.keptCounts[position] += 1
            if wanted.isFull { scoreWanted() }
        }
        if !waits { scoreWanted() }
        for position in first..<min(first + ScanScratch.codedQueriesPerCallMax, slotCount) {
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

    /// The row of a hit, unless it cannot be among the best any more or must not be.
    @inline(__always)
    private func wantedRow(_ hit: CodeHit, slot: Int) -> UInt32? {
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
        return member.pointee.excludes(row) ? nil : row
    }

    /// Scores what is wanted.
    private func scoreWanted() {
        guard wanted.count > 0 else { return }
        let (pairs, sums) = (wanted.pairs, wanted.sums)
        let count = wanted.drain(queries: shared.vectors, rows: vectors, dimension: dimension)
        for index in 0..<count {
            let slot = Int(pairs[index].query)
            let row = pairs[index].row
            let member = members + slot
            let score = member.pointee.query.scoring.score(sum: sums[index], row: Int(row), norms: rowNorms)
            best[slot].offer(score: score, row: row)
        }
    }

    /// Adds what this thread did, per query of the batch.
    func addCounts(to results: inout [ScanResult]) {
        for slot in 0..<shared.count {
            let index = members[slot].index
            results[index].counts.rowsScanned += counts[slot].rowsScanned
            results[index].counts.rowsRescored += counts[slot].rowsRescored
        }
    }

    /// Turns the next query's rows into its selection, once no more rows come. Nil after the last one; a dense query
    /// has none.
    func finishNext() -> (index: Int, top: TopRows?)? {
        guard nextFinished < shared.count else { return nil }
        scoreWanted()
        let slot = nextFinished
        nextFinished += 1
        let index = members[slot].index
        guard !shared.isDense(slot) else { return (index, nil) }
        best[slot].raiseThreshold(to: shared.threshold(slot))
        return (index, best[slot].selection(k: queries[index].fetchCount))
    }
}
