import KindredDomain

/// The best k rows of one query that a thread has scored, and the threshold they make.
///
/// A binary heap of ranking keys, the worst of them first, in memory lent by the owner: the threshold is the k-th
/// best score at every moment, and an offer that is not among the best costs a comparison.
struct BestRows {
    let k: Int
    /// Scores below this can no longer be among the best k.
    private(set) var threshold: Float
    private var count = 0
    private let heap: UnsafeMutablePointer<UInt64>

    /// No rows yet. `heap` has room for k.
    init(k: Int, minimumScore: Float, heap: UnsafeMutablePointer<UInt64>) {
        self.k = k
        self.heap = heap
        threshold = minimumScore
    }

    /// Raises the threshold to one that somebody else has found for the same query.
    mutating func raiseThreshold(to score: Float) { threshold = max(threshold, score) }

    /// Offers a row that was not offered before.
    @inline(__always)
    mutating func offer(score: Float, row: UInt32) {
        guard score >= threshold else { return }
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
        var index = 0
        while true {
            var child = 2 * index + 1
            if child >= k { break }
            if child + 1 < k, heap[child + 1] > heap[child] { child += 1 }
            if heap[child] <= key { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = key
        raiseThreshold(to: RankingKey(rawValue: heap[0]).score)
    }

    /// The rows, as a selection that others can be merged into. Rows below the threshold are left out.
    func selection(k wanted: Int) -> TopRows {
        let worst = RankingKey(score: threshold, row: .max).rawValue
        let keys = Array<UInt64>(unsafeUninitializedCapacity: count) { keys, keyCount in
            for index in 0..<count where heap[index] <= worst {
                keys[keyCount] = heap[index]
                keyCount += 1
            }
        }
        return TopRows(k: wanted, minimumScore: threshold, keys: keys)
    }
}
