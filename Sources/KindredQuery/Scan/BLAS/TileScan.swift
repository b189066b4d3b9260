import KindredDomain
import KindredKernels

/// Offers one query the rows of one tile, given their approximate scores.
struct TileScan {
    let side: GenerationSide
    let tile: Int
    let rule: DiscardRule
    let scratch: ScanScratch

    /// `scores` are the tile's float32 inner products with the query.
    func offer(to top: inout TopRows, query: PlannedQuery, scores: UnsafePointer<Float>) {
        let rows = side.tiling.rows(ofTile: tile)
        var count = select(query: query, threshold: top.scoreThreshold, scores: scores, rowCount: rows.count)
        guard count > 0 else { return }
        count = dropForbidden(query: query, firstRow: rows.lowerBound, count: count)
        if count > 4 * query.fetchCount + 64,
            raise(&top, query: query, firstRow: rows.lowerBound, scores: scores, count)
        {
            count = select(query: query, threshold: top.scoreThreshold, scores: scores, rowCount: rows.count)
            count = dropForbidden(query: query, firstRow: rows.lowerBound, count: count)
        }
        rescore(count, firstRow: rows.lowerBound, query: query, into: &top)
        top.tighten()
    }

    /// Tile-relative rows that cannot be dropped, into `scratch.survivors`; their number.
    private func select(
        query: PlannedQuery, threshold: Float, scores: UnsafePointer<Float>, rowCount: Int
    ) -> Int {
        let norm = query.ranking.vector.norm
        switch query.ranking.similarity {
        case .dot:
            let limit = rule.limit(
                threshold: threshold, queryNorm: norm, rowNormMax: side.tiling.normMax(ofTile: tile))
            return Selection.atLeast(limit, scores: scores, count: rowCount, into: scratch.survivors)
        case .cosine:
            var factor = rule.cosineFactor(threshold: threshold, queryNorm: norm)
            if underflows(query) { factor = -.infinity }
            guard factor.isFinite else {
                return Selection.atLeast(-.infinity, scores: scores, count: rowCount, into: scratch.survivors)
            }
            let norms = side.tiling.norms + side.tiling.rows(ofTile: tile).lowerBound
            return Selection.atLeast(
                factor: factor, norms: norms, scores: scores, count: rowCount, into: scratch.survivors)
        }
    }

    private func underflows(_ query: PlannedQuery) -> Bool {
        rule.cosineUnderflows(
            queryNorm: query.ranking.vector.norm, rowNormMin: side.tiling.normMin(ofTile: tile))
    }

    /// Drops rows that are excluded or not eligible, before they count.
    private func dropForbidden(query: PlannedQuery, firstRow: Int, count: Int) -> Int {
        guard !query.eligibility.permitsAll else { return count }
        var kept = 0
        for index in 0..<count {
            let row = scratch.survivors[index]
            scratch.survivors[kept] = row
            if query.eligibility.permits(UInt32(firstRow) + row) { kept += 1 }
        }
        return kept
    }

    /// Raises the threshold to the k-th greatest lower bound among the survivors: k of them reach it for
    /// certain. Saves rescoring a whole tile while nothing is known yet. True if it rose.
    private func raise(
        _ top: inout TopRows, query: PlannedQuery, firstRow: Int, scores: UnsafePointer<Float>, _ count: Int
    ) -> Bool {
        let norm = query.ranking.vector.norm
        switch query.ranking.similarity {
        case .dot:
            let rowNormMax = side.tiling.normMax(ofTile: tile)
            for index in 0..<count {
                scratch.bounds[index] = rule.lowerBound(
                    approximate: scores[Int(scratch.survivors[index])], queryNorm: norm,
                    rowNormMax: rowNormMax)
            }
        case .cosine:
            if underflows(query) { return false }
            for index in 0..<count {
                let row = Int(scratch.survivors[index])
                scratch.bounds[index] = rule.cosineLowerBound(
                    approximate: scores[row], queryNorm: norm, rowNorm: side.table.norms[firstRow + row])
            }
        }
        let bounds = UnsafeMutableBufferPointer(start: scratch.bounds, count: count)
        let threshold = Float(bounds.selectGreatest(query.fetchCount))
        guard threshold > top.scoreThreshold else { return false }
        top.raiseThreshold(to: threshold)
        return true
    }

    private func rescore(_ count: Int, firstRow: Int, query: PlannedQuery, into top: inout TopRows) {
        let table = side.table
        let survivors = UnsafeBufferPointer(start: scratch.survivors, count: count)
        query.ranking.vector.withElements { elements in
            Canonical.gather(
                query: elements, base: table.vectors + firstRow * table.dimension, dimension: table.dimension,
                indices: survivors, into: scratch.sums)
        }
        for index in 0..<count {
            let row = firstRow + Int(survivors[index])
            let score = query.ranking.score(sum: scratch.sums[index], row: row, of: table)
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
