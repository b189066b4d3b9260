import KindredDomain

/// Rows that one query's scan has kept so far, each with bounds of its score, and the threshold they imply.
///
/// A row that a scan keeps costs an append and, if it is among the best, a step in a heap; it is scored canonically
/// only if it still matters when the scan ends or the room does. The threshold is the k-th greatest lower bound: at
/// least k rows are known to reach it. Memory is lent by the owner, so that nothing is allocated per row or query.
struct CandidateRows {
    /// A row whose canonical score is in `lower ... upper`; scored where they are equal.
    struct Entry {
        var row: UInt32
        var lower: Float
        var upper: Float

        var isScored: Bool { lower == upper }
        var key: RankingKey { RankingKey(score: lower, row: row) }
    }

    /// Entries that a query of `k` results needs room for: enough that cutting back is rare.
    static func capacity(k: Int) -> Int { max(12 * k, 256) }

    let k: Int
    /// Scores below this can no longer be among the best k.
    private(set) var threshold: Float
    private(set) var count = 0
    private let capacity: Int
    let entries: UnsafeMutablePointer<Entry>
    /// The k greatest lower bounds, the least of them first: a binary heap.
    private let heap: UnsafeMutablePointer<Float>
    private var heapCount = 0

    /// No rows yet. `entries` has room for `capacity(k:)`, `heap` for k.
    init(
        k: Int, minimumScore: Float, entries: UnsafeMutablePointer<Entry>, heap: UnsafeMutablePointer<Float>
    ) {
        self.k = k
        threshold = minimumScore
        capacity = Self.capacity(k: k)
        self.entries = entries
        self.heap = heap
    }

    var isFull: Bool { count == capacity }

    /// Adds a row that was not added before and whose upper bound reaches the threshold; there must be room.
    @inline(__always)
    mutating func add(row: UInt32, lower: Float, upper: Float) {
        entries[count] = Entry(row: row, lower: lower, upper: upper)
        count += 1
        if heapCount < k || lower > heap[0] { raise(lower) }
    }

    /// Raises the threshold to one that somebody else has found for the same query.
    mutating func raiseThreshold(to score: Float) { threshold = max(threshold, score) }

    /// Drops the rows that no longer matter.
    mutating func compact() {
        var kept = 0
        for index in 0..<count where entries[index].upper >= threshold {
            entries[kept] = entries[index]
            kept += 1
        }
        count = kept
    }

    /// Makes room once every entry has been scored: keeps the best k.
    mutating func cutScored() {
        compact()
        heapCount = 0
        for index in 0..<count {
            if heapCount < k || entries[index].lower > heap[0] { raise(entries[index].lower) }
        }
        guard count > k else { return }
        var sorted = UnsafeMutableBufferPointer(start: entries, count: count)
        sorted.sort { $0.key < $1.key }
        count = k
    }

    /// Puts a lower bound among the k greatest.
    @inline(__always)
    private mutating func raise(_ bound: Float) {
        var index: Int
        if heapCount < k {
            index = heapCount
            heapCount += 1
            while index > 0, heap[(index - 1) / 2] > bound {
                heap[index] = heap[(index - 1) / 2]
                index = (index - 1) / 2
            }
        } else {
            index = 0
            while true {
                var child = 2 * index + 1
                if child >= k { break }
                if child + 1 < k, heap[child + 1] < heap[child] { child += 1 }
                if heap[child] >= bound { break }
                heap[index] = heap[child]
                index = child
            }
        }
        heap[index] = bound
        if heapCount == k { threshold = max(threshold, heap[0]) }
    }
}
