import KindredDomain

/// The best k rows of one query that a thread has scored, and the threshold they make.
///
/// A binary heap of ranking keys, the worst one first, in memory lent by the owner. The threshold is the k-th best
/// score at every moment, which a scan of codes needs after every row, and an offer that is not among the best costs a
/// comparison. `TopRows` is the selection of the other paths.
package struct BestRows {
    package let k: Int
    /// Canonical scores below this can no longer be among the best k. With boosts it may lag behind
    /// `scoreThreshold` until it is updated.
    package private(set) var threshold: Float
    /// With boosts, boosted scores below this can no longer be among the best k.
    private var boostedThreshold: Float
    /// Nil where canonical scores are the scores.
    private let boosts: RowBoosts.Look?
    private var count = 0
    private let heap: UnsafeMutablePointer<UInt64>
    /// Keys that are still a heap, once sorting has begun. Those behind them are sorted.
    private var unsortedCount: Int?

    /// No rows yet. `heap` has room for k.
    package init(
        k: Int, minimumScore: Float, boosts: RowBoosts.Look? = nil, heap: UnsafeMutablePointer<UInt64>
    ) {
        self.k = k
        self.heap = heap
        self.boosts = boosts
        boostedThreshold = minimumScore
        threshold = boosts?.leastScore(reaching: minimumScore) ?? minimumScore
    }

    /// Scores below this can no longer be among the best k.
    package var scoreThreshold: Float { boosts == nil ? threshold : boostedThreshold }

    /// Raises the threshold to a score that at least k rows of the query are known to reach.
    package mutating func raiseThreshold(to score: Float) {
        if boosts == nil {
            threshold = max(threshold, score)
        } else {
            boostedThreshold = max(boostedThreshold, score)
        }
    }

    /// Brings the threshold of canonical scores up to that of boosted ones.
    package mutating func updateThreshold() {
        if let boosts { threshold = max(threshold, boosts.leastScore(reaching: boostedThreshold)) }
    }

    /// Offers a row that was not offered before, by its canonical score.
    @inline(__always)
    package mutating func offer(score: Float, row: UInt32) {
        guard score >= threshold else { return }
        if boosts == nil { offerScored(score, row) } else { offerBoosted(score, row) }
    }

    private mutating func offerBoosted(_ canonical: Float, _ row: UInt32) {
        guard let score = boosts?.boosted(canonical, row: row), score >= boostedThreshold else { return }
        offerScored(score, row)
    }

    @inline(__always)
    private mutating func offerScored(_ score: Float, _ row: UInt32) {
        let key = RankingKey(score: score, row: row).rawValue
        if count < k {
            add(key)
        } else if key < heap[0] {
            replaceWorst(by: key)
        }
    }

    private mutating func add(_ key: UInt64) {
        var index = count
        count += 1
        while index > 0, heap[(index - 1) / 2] < key {
            heap[index] = heap[(index - 1) / 2]
            index = (index - 1) / 2
        }
        heap[index] = key
        if count == k { raiseThreshold(to: RankingKey(rawValue: heap[0]).score) }
    }

    private mutating func replaceWorst(by key: UInt64) {
        sink(key, among: k)
        raiseThreshold(to: RankingKey(rawValue: heap[0]).score)
    }

    /// Puts a key in the place of the worst of the first `count`.
    private func sink(_ key: UInt64, among count: Int) {
        var index = 0
        while true {
            var child = 2 * index + 1
            if child >= count { break }
            if child + 1 < count, heap[child + 1] > heap[child] { child += 1 }
            if heap[child] <= key { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = key
    }

    /// Puts a key that is among the least in the place of the worst of the first `count`: the greater child of each
    /// place moves up to the end, then the key rises from there (Wegener, Bottom-up heapsort, Theoretical Computer
    /// Science 118, 1993). A comparison with the key at each place would be guessed wrongly by the processor.
    private func sinkDeep(_ key: UInt64, among count: Int) {
        var index = 0
        var child = 2
        while child < count {
            child -= heap[child] > heap[child - 1] ? 0 : 1
            heap[index] = heap[child]
            index = child
            child = 2 * index + 2
        }
        if child == count {
            heap[index] = heap[child - 1]
            index = child - 1
        }
        while index > 0, heap[(index - 1) / 2] < key {
            heap[index] = heap[(index - 1) / 2]
            index = (index - 1) / 2
        }
        heap[index] = key
    }

    /// Sorts at most `limit` further keys of the heap, in place, once no more rows are offered (Williams, Algorithm
    /// 232: Heapsort, Communications of the ACM 7, 1964). True once all are sorted.
    package mutating func sort(atMost limit: Int) -> Bool {
        let unsorted = unsortedCount ?? count
        let left = max(min(unsorted, 1), unsorted - limit)
        for last in stride(from: unsorted - 1, to: left - 1, by: -1) {
            let key = heap[last]
            heap[last] = heap[0]
            sinkDeep(key, among: last)
        }
        unsortedCount = left
        return left <= 1
    }

    /// The rows that reach the threshold, as a selection that others can be merged into. Sorts what is not sorted yet.
    package consuming func selection(k wanted: Int) -> TopRows {
        _ = sort(atMost: count)
        let worst = RankingKey(score: scoreThreshold, row: .max).rawValue
        while count > 0, heap[count - 1] > worst { count -= 1 }
        return TopRows(
            k: wanted, minimumScore: scoreThreshold,
            sortedKeys: UnsafeBufferPointer(start: heap, count: count))
    }
}
