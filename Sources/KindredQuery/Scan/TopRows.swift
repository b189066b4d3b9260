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
    private let capacity: Int
    /// Keys below this may still be among the best k.
    private var bound = UInt64.max
    /// Scores below this can no longer be among the best k.
    package private(set) var scoreThreshold: Float

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

    /// Cuts back to the best k and raises the threshold to the k-th score, if there are that many.
    package mutating func tighten() {
        guard keys.count >= k else { return }
        keepBest()
        bound = keys[k - 1]
        raiseThreshold(to: RankingKey(rawValue: bound).score)
    }

    /// Leaves the best k, best first.
    private mutating func keepBest() {
        if !isSorted { keys.sort() }
        isSorted = true
        if keys.count > k { keys.removeSubrange(k...) }
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
        for key in other.keys { offer(key) }
    }
}
