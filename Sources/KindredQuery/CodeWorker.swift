import KindredDomain
import KindredKernels
import KindredModel

/// One thread's part in the scan of codes: its thresholds, the rows it kept, and the queries it still scans for.
///
/// Queries whose threshold no row further on can reach leave the columns, so that the kernels never see them again.
final class CodeWorker: @unchecked Sendable {
    private let shared: CodedQueries
    private let queries: [PlannedQuery]
    private let side: GenerationSide
    private let table: CodeTableView
    /// Pointers into what `side` holds: references counted for every row would make threads wait for each other.
    private let members: UnsafePointer<CodedQueries.Member>
    private let rows: UnsafePointer<UInt32>
    private let rowNorms: UnsafePointer<Double>
    /// Per slot.
    private let candidates: UnsafeMutablePointer<CandidateRows>
    private let counts: UnsafeMutablePointer<ScanCounts>
    private let entries: UnsafeMutablePointer<CandidateRows.Entry>
    private let heaps: UnsafeMutablePointer<Float>
    /// Columns of the queries that are still scanned for; the first `slotCount` of `slots` say whose they are.
    private let columns: CodeColumns
    private let slots: UnsafeMutablePointer<Int>
    private var slotCount: Int
    /// Rows that this thread has scanned.
    private var rowsSeen = 0
    private var nextFinished = 0

    /// Rows of one call of a kernel, at most; thresholds rise between calls.
    static let rowsPerCallMax = 1_024
    /// Rows of a thread's first call, while it knows no threshold. Each call doubles what was seen.
    private static let rowsPerCallMin = 64
    /// Codes of one call take at most this many bytes, so that they stay in the L2 cache for all queries.
    private static let callByteCountMax = 128 << 10
    /// Of a call's rows, one in this many may be kept; a query that keeps more goes on by BLAS.
    private static let rowsPerKeptMin = 8
    /// Rows per result that must have been seen before a query can be called dense: until then a threshold is
    /// still on its way up.
    private static let rowsPerResultMin = 32
    /// Rows of a call that says anything about density.
    private static let denseRowsMin = 256

    init(_ shared: CodedQueries, queries: [PlannedQuery], side: GenerationSide) {
        self.shared = shared
        self.queries = queries
        self.side = side
        table = side.codes.view
        members = shared.members
        rows = side.codes.rows
        rowNorms = side.table.norms
        let count = shared.count
        let ks = (0..<count).map { min(queries[shared.members[$0].index].k, side.table.count) }
        candidates = .allocate(capacity: count)
        counts = .allocate(capacity: count)
        counts.initialize(repeating: ScanCounts(), count: count)
        entries = .allocate(capacity: ks.reduce(0) { $0 + CandidateRows.capacity(k: $1) })
        heaps = .allocate(capacity: ks.reduce(0, +))
        columns = CodeColumns(count: count, stride: shared.stride)
        slots = .allocate(capacity: count)
        slotCount = count
        var entry = entries
        var heap = heaps
        for slot in 0..<count {
            (slots + slot).initialize(to: slot)
            let query = queries[members[slot].index]
            (candidates + slot).initialize(
                to: CandidateRows(
                    k: ks[slot], minimumScore: query.minimumScore, entries: entry, heap: heap))
            entry += CandidateRows.capacity(k: ks[slot])
            heap += ks[slot]
            columns.set(
                slot, member: members[slot], codes: shared.codes + slot * shared.stride,
                threshold: query.minimumScore, mask: query.eligible?.mask)
        }
    }

    deinit {
        candidates.deallocate()
        counts.deallocate()
        slots.deallocate()
        entries.deallocate()
        heaps.deallocate()
    }

    /// True once no row further on matters to any query.
    var isDone: Bool { slotCount == 0 }

    /// Scans blocks for every query that still needs it.
    func scan(blocks: Range<Int>, scratch: ScanScratch) {
        var block = blocks.lowerBound
        let blockByteCount = 64 * table.groups
        let blocksMax = max(1, min(Self.rowsPerCallMax / 16, Self.callByteCountMax / blockByteCount))
        while block < blocks.upperBound {
            let wanted = min(max(Self.rowsPerCallMin, rowsSeen) / 16, blocksMax)
            let call = block..<min(block + max(1, wanted), blocks.upperBound)
            update(before: call)
            guard slotCount > 0 else { return }
            scan(call: call, scratch)
            rowsSeen += call.count * 16
            block = call.upperBound
        }
    }

    /// Takes over what other threads have found, and lets go of queries that need no more rows.
    private func update(before call: Range<Int>) {
        let normMax = Double(table.blocks[call.lowerBound].norm_max)
        let rowCount = min(call.upperBound * 16, side.table.count) - call.lowerBound * 16
        var position = 0
        while position < slotCount {
            let slot = slots[position]
            let known = shared.threshold(slot)
            if known > candidates[slot].threshold {
                candidates[slot].raiseThreshold(to: known)
                setFloor(position)
            }
            if shared.isDense(slot) || isOver(slot, normMax: normMax) {
                remove(position)
            } else {
                counts[slot].rowsScanned += rowCount
                position += 1
            }
        }
    }

    /// True where no row of at most this norm can reach the threshold. Norms are no bound of a cosine.
    private func isOver(_ slot: Int, normMax: Double) -> Bool {
        let member = members[slot]
        guard member.scoring == .dot else { return false }
        return member.norm * normMax * (1 + 0x1p-40)
            < DiscardRule.roundingFloor(of: candidates[slot].threshold)
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
        columns.setThreshold(position, candidates[slot].threshold, of: members[slot])
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

    /// Takes what a call has kept.
    private func take(_ hitCount: Int, first: Int, rowCount: Int, _ scratch: ScanScratch) {
        for index in 0..<hitCount {
            let hit = scratch.hits[index]
            take(hit, position: first + Int(hit.query), scratch)
        }
        for position in first..<min(first + ScanScratch.codedQueriesPerCallMax, slotCount) {
            let kept = columns.keptCounts[position]
            guard kept > 0 else { continue }
            columns.keptCounts[position] = 0
            let slot = slots[position]
            if candidates[slot].threshold > columns.thresholds[position] {
                setFloor(position)
                shared.raiseThreshold(slot, to: candidates[slot].threshold)
            }
            if kept * Self.rowsPerKeptMin > rowCount, rowCount >= Self.denseRowsMin,
                rowsSeen >= Self.rowsPerResultMin * candidates[slot].k
            {
                shared.markDense(slot)
            }
        }
    }

    @inline(__always)
    private func take(_ hit: CodeHit, position: Int, _ scratch: ScanScratch) {
        let slot = slots[position]
        let member = members[slot]
        let block = table.blocks[Int(hit.position) >> 4]
        let unit = member.code.scale * Double(block.scale)
        // The block's error includes what rounding this product and sum can add.
        let product = unit * Double(hit.product)
        let margin =
            unit * (member.code.norm * Double(block.error) + member.code.error * Double(block.coded_norm))
            * (1 + 0x1p-40)
        var lower = product - margin
        var upper = product + margin
        let row = rows[Int(hit.position)]
        if member.scoring == .cosine {
            let norms = member.norm * rowNorms[Int(row)]
            if norms > 0 {
                lower = lower / norms - 0x1p-45
                upper = upper / norms + 0x1p-45
            } else {
                lower = 0
                upper = 0
            }
        }
        // Rounding to float32 keeps the order, so these are bounds of the canonical score.
        guard Float(upper) >= candidates[slot].threshold else { return }
        if member.hasExclusions, queries[member.index].exclusions.contains(row) { return }
        columns.keptCounts[position] += 1
        if candidates[slot].isFull { makeRoom(slot, scratch) }
        candidates[slot].add(row: row, lower: Float(lower) + 0, upper: Float(upper) + 0)
    }

    private func makeRoom(_ slot: Int, _ scratch: ScanScratch) {
        candidates[slot].compact()
        guard candidates[slot].count * 2 > CandidateRows.capacity(k: candidates[slot].k) else { return }
        score(slot, scratch)
        candidates[slot].cutScored()
    }

    /// Scores canonically what has only bounds.
    private func score(_ slot: Int, _ scratch: ScanScratch) {
        let query = queries[members[slot].index]
        let entries = candidates[slot].entries
        let count = candidates[slot].count
        var next = 0
        while next < count {
            var open = 0
            let start = next
            while next < count, open < ScanScratch.survivorsMax {
                if !entries[next].isScored {
                    scratch.survivors[open] = entries[next].row
                    open += 1
                }
                next += 1
            }
            query.vector.withElements { elements in
                Canonical.gather(
                    query: elements, base: side.table.vectors, dimension: side.table.dimension,
                    indices: UnsafeBufferPointer(start: scratch.survivors, count: open), into: scratch.sums)
            }
            counts[slot].rowsRescored += open
            var scored = 0
            for index in start..<next where !entries[index].isScored {
                let norm = rowNorms[Int(entries[index].row)]
                let score = query.score(sum: scratch.sums[scored], rowNorm: norm)
                entries[index].lower = score
                entries[index].upper = score
                scored += 1
            }
        }
    }

    /// Adds what this thread did, per query of the batch.
    func addCounts(to total: inout [ScanCounts]) {
        for slot in 0..<shared.count {
            total[members[slot].index].rowsScanned += counts[slot].rowsScanned
            total[members[slot].index].rowsRescored += counts[slot].rowsRescored
        }
    }

    /// Turns the next query's rows into its selection, once no more rows come. Nil after the last one; a dense query
    /// has none.
    func finishNext(scratch: ScanScratch) -> (index: Int, top: TopRows?)? {
        guard nextFinished < shared.count else { return nil }
        let slot = nextFinished
        nextFinished += 1
        let index = members[slot].index
        guard !shared.isDense(slot) else { return (index, nil) }
        candidates[slot].raiseThreshold(to: shared.threshold(slot))
        candidates[slot].compact()
        score(slot, scratch)
        var top = TopRows(k: queries[index].k, minimumScore: candidates[slot].threshold)
        for entry in 0..<candidates[slot].count {
            top.offer(score: candidates[slot].entries[entry].lower, row: candidates[slot].entries[entry].row)
        }
        return (index, top)
    }
}
