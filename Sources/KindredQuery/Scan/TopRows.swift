import KindredDomain

/// The best k of the rows offered, in the total order. The order of the offers does not matter.
///
/// A reservoir of at most twice k keys that is cut back to the best k when full, so an offer costs an append. It serves
/// the tiles of BLAS, which offer many rows at once, and merging. The heap of `BestRows` would be many times slower
/// there where scores rise from row to row and k is large.
package struct TopRows: Sendable {
    package let k: Int
    /// Ranking keys as plain integers, which sort fastest.
    private var keys: [UInt64] = []
    private var isSorted = true
    /// The first keys, which are sorted.
    private var sortedCount = 0
    private let capacity: Int
    /// Keys below this may still be among the best k.
    private var bound = UInt64.max
    /// Scores below this can no longer be among the best k.
    package private(set) var scoreThreshold: Float

    /// A larger selection is sorted each time that so many rows have come, also while it is not full: no step sorts
    /// many rows that come in no order, and few steps go over all rows.
    private static let unsortedMax = 1_024

    /// An empty selection of the best `k` (at least 1) rows that score at least `minimumScore`.
    package init(k: Int, minimumScore: Float) {
        self.k = k
        capacity = max(2 * k, 32)
        scoreThreshold = minimumScore
    }

    /// A selection of at most k rows, best first, each of which scores at least `minimumScore`.
    init(k: Int, minimumScore: Float, sortedKeys: UnsafeBufferPointer<UInt64>) {
        self.init(k: k, minimumScore: minimumScore)
        keys = Array(sortedKeys)
        sortedCount = keys.count
    }

    /// Offers a row that was not offered before. Rows below the minimum score are dropped.
    package mutating func offer(score: Float, row: UInt32) {
        guard score >= scoreThreshold else { return }
        offer(RankingKey(score: score, row: row).rawValue)
    }

    /// Offers a key whose score reaches the minimum score.
    private mutating func offer(_ key: UInt64) {
        guard key < bound else { return }
        keys.append(key)
        isSorted = false
        if keys.count == capacity { tighten() }
    }

    /// Raises the threshold to a score that at least k of the rows offered or yet to be offered are known to
    /// reach.
    package mutating func raiseThreshold(to score: Float) { scoreThreshold = max(scoreThreshold, score) }

    /// Cuts back to the best k and raises the threshold to the k-th score, if there are that many. A large selection
    /// that has a threshold, or too few rows for one, waits for more rows.
    package mutating func tighten() {
        if isLarge {
            let waits = keys.count < k || bound < .max
            if waits, keys.count - sortedCount < Self.unsortedMax { return }
        } else if keys.count < k {
            return
        }
        keepBest()
        raiseToWorst()
    }

    /// Raises the threshold to the k-th score of the keys, which are sorted, if there are that many.
    private mutating func raiseToWorst() {
        guard keys.count == k else { return }
        bound = keys[k - 1]
        raiseThreshold(to: RankingKey(rawValue: bound).score)
    }

    private var isLarge: Bool { k > Self.unsortedMax }

    /// Sorts a large selection that is not sorted. False where there was nothing to do.
    @discardableResult mutating func settle() -> Bool {
        guard isLarge, !isSorted else { return false }
        keepBest()
        return true
    }

    /// Leaves the best k, best first.
    private mutating func keepBest() {
        if !isSorted { keys.sort() }
        isSorted = true
        if keys.count > k { keys.removeSubrange(k...) }
        sortedCount = keys.count
    }

    /// Calls `body` with the rows so far at the places of `window`, as far as there are so many, best first.
    mutating func finish(_ window: Range<Int>, _ body: (RankingKey) -> Void) {
        keepBest()
        for place in window.clamped(to: 0..<keys.count) { body(RankingKey(rawValue: keys[place])) }
    }

    /// The best k so far, best first.
    package mutating func finish() -> [RankingKey] {
        keepBest()
        return keys.map { RankingKey(rawValue: $0) }
    }

    /// Offers everything another selection holds.
    package mutating func merge(_ other: TopRows) {
        var other = other
        settle()
        other.settle()
        guard isSorted, other.isSorted else {
            for key in other.keys { offer(key) }
            return
        }
        keys = Self.merged(keys, other.keys, count: min(k, keys.count + other.keys.count))
        sortedCount = keys.count
        raiseToWorst()
    }

    /// The first `count` keys of two sorted lists, which have as many together. A choice instead of a branch, which the
    /// processor would guess wrongly half of the time.
    private static func merged(_ first: [UInt64], _ second: [UInt64], count: Int) -> [UInt64] {
        Array(unsafeUninitializedCapacity: count) { merged, written in
            var (own, other) = (0, 0)
            while own + other < count, own < first.count, other < second.count {
                let (left, right) = (first[own], second[other])
                let isOwn = left < right
                merged.initializeElement(at: own + other, to: isOwn ? left : right)
                own += isOwn ? 1 : 0
                other += isOwn ? 0 : 1
            }
            while own + other < count {
                let key = own < first.count ? first[own] : second[other]
                merged.initializeElement(at: own + other, to: key)
                if own < first.count { own += 1 } else { other += 1 }
            }
            written = count
        }
    }
}
