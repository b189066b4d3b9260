import KindredDomain
import KindredKernels

/// Offers one query after another the rows of one tile, given their approximate scores.
struct TileScan {
    private let side: GenerationSide
    private let tile: Int
    private let rows: Range<Int>
    private let rule: DiscardRule
    /// Tile-relative rows that were not dropped, their canonical sums, and lower bounds of these.
    private let survivors: UnsafeMutablePointer<UInt32>
    private let sums: UnsafeMutablePointer<Double>
    private let bounds: UnsafeMutablePointer<Double>

    /// The scratch memory must outlive the scan of the tile.
    init(side: GenerationSide, tile: Int, rule: DiscardRule, scratch: ScanScratch) {
        self.side = side
        self.tile = tile
        self.rule = rule
        rows = side.tiling.rows(ofTile: tile)
        survivors = scratch.survivors.room(for: rows.count)
        sums = scratch.sums.room(for: rows.count)
        bounds = scratch.bounds.room(for: rows.count)
    }

    /// `scores` are the tile's float32 inner products with the query.
    func offer(to top: inout TopRows, query: PlannedQuery, scores: UnsafePointer<Float>) {
        var count = select(query: query, threshold: threshold(of: top, query), scores: scores)
        guard count > 0 else { return }
        count = dropForbidden(query: query, count: count)
        if count > 4 * query.fetchCount + 64, raise(&top, query: query, scores: scores, count) {
            count = select(query: query, threshold: threshold(of: top, query), scores: scores)
            count = dropForbidden(query: query, count: count)
        }
        rescore(count, query: query, into: &top)
        top.tighten()
    }

    /// The canonical score that a row must reach.
    private func threshold(of top: TopRows, _ query: PlannedQuery) -> Float {
        query.boosts?.look.leastScore(reaching: top.scoreThreshold) ?? top.scoreThreshold
    }

    /// Writes the rows that cannot be dropped to `survivors`; their number.
    private func select(query: PlannedQuery, threshold: Float, scores: UnsafePointer<Float>) -> Int {
        let norm = query.ranking.vector.norm
        switch query.ranking.similarity {
        case .dot:
            let limit = rule.limit(
                threshold: threshold, queryNorm: norm, rowNormMax: side.tiling.normMax(ofTile: tile))
            return Selection.atLeast(limit, scores: scores, count: rows.count, into: survivors)
        case .cosine:
            var factor = rule.cosineFactor(threshold: threshold, queryNorm: norm)
            if underflows(query) { factor = -.infinity }
            guard factor.isFinite else {
                return Selection.atLeast(-.infinity, scores: scores, count: rows.count, into: survivors)
            }
            let norms = side.tiling.norms + rows.lowerBound
            return Selection.atLeast(
                factor: factor, norms: norms, scores: scores, count: rows.count, into: survivors)
        }
    }

    private func underflows(_ query: PlannedQuery) -> Bool {
        rule.cosineUnderflows(
            queryNorm: query.ranking.vector.norm, rowNormMin: side.tiling.normMin(ofTile: tile))
    }

    /// Drops the survivors that are excluded, not eligible, or listed by boosts; the number of those left.
    private func dropForbidden(query: PlannedQuery, count: Int) -> Int {
        let kept = query.eligibility.permitsAll ? count : keep(count) { query.eligibility.permits($0) }
        guard let boosts = query.boosts, boosts.listed != nil else { return kept }
        return keep(kept) { !boosts.look.isListed($0) }
    }

    /// Keeps those of the first `count` survivors that are permitted; their number.
    @inline(__always)
    private func keep(_ count: Int, _ isPermitted: (UInt32) -> Bool) -> Int {
        var kept = 0
        for index in 0..<count {
            let row = survivors[index]
            survivors[kept] = row
            if isPermitted(UInt32(rows.lowerBound) + row) { kept += 1 }
        }
        return kept
    }

    /// Raises the threshold to the greatest lower bound that `fetchCount` survivors reach for certain. That saves
    /// rescoring a whole tile while nothing is known yet. True if the threshold rose.
    private func raise(
        _ top: inout TopRows, query: PlannedQuery, scores: UnsafePointer<Float>, _ count: Int
    ) -> Bool {
        let norm = query.ranking.vector.norm
        switch query.ranking.similarity {
        case .dot:
            let rowNormMax = side.tiling.normMax(ofTile: tile)
            for index in 0..<count {
                bounds[index] = rule.lowerBound(
                    approximate: scores[Int(survivors[index])], queryNorm: norm, rowNormMax: rowNormMax)
            }
        case .cosine:
            if underflows(query) { return false }
            for index in 0..<count {
                let row = Int(survivors[index])
                bounds[index] = rule.cosineLowerBound(
                    approximate: scores[row], queryNorm: norm,
                    rowNorm: side.table.norms[rows.lowerBound + row])
            }
        }
        if let boosts = query.boosts?.look {
            // A row's canonical score is at least its bound, rounded.
            for index in 0..<count {
                let row = UInt32(rows.lowerBound) + survivors[index]
                bounds[index] = Double(boosts.boosted(Float(bounds[index]), row: row))
            }
        }
        let threshold = Float(
            UnsafeMutableBufferPointer(start: bounds, count: count).selectGreatest(query.fetchCount))
        guard threshold > top.scoreThreshold else { return false }
        top.raiseThreshold(to: threshold)
        return true
    }

    private func rescore(_ count: Int, query: PlannedQuery, into top: inout TopRows) {
        let table = side.table
        let boosts = query.boosts?.look
        let survivors = UnsafeBufferPointer(start: survivors, count: count)
        query.ranking.vector.withElements { elements in
            Canonical.gather(
                query: elements, base: table.vectors + rows.lowerBound * table.dimension,
                dimension: table.dimension, indices: survivors, into: sums)
        }
        for index in 0..<count {
            let row = rows.lowerBound + Int(survivors[index])
            var score = query.ranking.score(sum: sums[index], row: row, of: table)
            if let boosts { score = boosts.boosted(score, row: UInt32(row)) }
            top.offer(score: score, row: UInt32(row))
        }
    }
}

extension UnsafeMutableBufferPointer where Element == Double {
    /// The `rank`-th greatest element, 1 to `count`; reorders the buffer (Hoare's selection).
    func selectGreatest(_ rank: Int) -> Double {
        var low = 0
        var high = count - 1
        let wanted = rank - 1
        while low < high {
            let pivot = self[low + (high - low) / 2]
            var left = low
            var right = high
            while left <= right {
                while self[left] > pivot { left += 1 }
                while self[right] < pivot { right -= 1 }
                if left <= right {
                    swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if wanted <= right {
                high = right
            } else if wanted >= left {
                low = left
            } else {
                break
            }
        }
        return self[wanted]
    }
}
