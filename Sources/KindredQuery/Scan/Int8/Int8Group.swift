import KindredDomain
import KindredKernels
import Synchronization

/// The coded queries of a group, with the thresholds and flags that its threads share.
///
/// Immutable but for the thresholds and flags, which only rise. A thread that sees an old value does more work, with
/// the same result.
final class Int8Group: @unchecked Sendable {
    /// One query's code and the rows it must not find.
    struct Member {
        /// Its index in the batch.
        let index: Int
        let query: Int8Query
        /// Rows that the query must not find. The group's `queries` hold the sets.
        let excluded: Excluded
        /// Nil where canonical scores are the scores.
        let boosts: RowBoosts.Look?
        let hasExclusions: Bool
        /// True where a row whose bound reaches the threshold may be refused.
        let hasConditions: Bool

        init(
            index: Int, query: Int8Query, excluded: Excluded, boosts: RowBoosts.Look?
        ) {
            self.index = index
            self.query = query
            self.excluded = excluded
            self.boosts = boosts
            hasExclusions = !excluded.isEmpty
            hasConditions = hasExclusions || boosts != nil
        }

        /// True where a row of a canonical score of at most `upper` may reach a threshold of scores, and the query may
        /// find it.
        @inline(__always)
        func permits(_ row: UInt32, _ hit: CodeHit, upTo upper: Float, threshold: Float) -> Bool {
            if let boosts {
                guard boosts.mayReach(threshold, from: upper, position: Int(hit.position)) else {
                    return false
                }
            }
            return !excluded.contains(row, position: Int(hit.position))
        }
    }

    /// Exclusions as a scan looks them up, without counting references.
    struct Excluded {
        private let shared: RowSet.Look?
        private let own: RowSet.Look?
        private let seen: SeenRows.Look?

        init(_ exclusions: Exclusions) {
            shared = exclusions.shared?.look
            own = exclusions.own?.look
            seen = exclusions.seen?.look
        }

        var isEmpty: Bool { shared == nil && own == nil && seen == nil }

        @inline(__always)
        func contains(_ row: UInt32, position: Int) -> Bool {
            if let seen, seen.contains(row, position: position) { return true }
            if let shared, shared.contains(row) { return true }
            if let own, own.contains(row) { return true }
            return false
        }
    }

    let kernel: ScanKernel
    let count: Int
    /// By slot. Plain memory: threads that counted references here would wait for each other.
    let members: UnsafePointer<Member>
    /// Bytes from one query's codes to the next one's.
    let stride: Int
    /// The codes of all members.
    let codes: UnsafeMutablePointer<Int8>
    /// The elements of all members, row-major, widened to float64.
    let vectors: UnsafeMutablePointer<Double>
    /// True where all queries compare by cosine.
    let isCosine: Bool
    private let thresholds: UnsafeMutablePointer<Atomic<Int32>>
    private let denseFlags: UnsafeMutablePointer<Atomic<Bool>>
    private let memory: UnsafeMutableRawPointer
    /// All queries of the batch.
    let queries: [PlannedQuery]

    /// Codes the queries at `indices` for a kernel.
    init(_ queries: [PlannedQuery], at indices: ArraySlice<Int>, dimension: Int, kernel: ScanKernel) {
        self.kernel = kernel
        self.queries = queries
        let stride = CodeEncoder.queryStride(dimension: dimension)
        var layout = ColumnLayout()
        let codesColumn = layout.add(Int8.self, count: indices.count * stride)
        let vectorsColumn = layout.add(Double.self, count: indices.count * dimension)
        let thresholdsColumn = layout.add(Atomic<Int32>.self, count: indices.count)
        let flagsColumn = layout.add(Atomic<Bool>.self, count: indices.count)
        let membersColumn = layout.add(Member.self, count: indices.count)
        memory = layout.allocate()
        let codes = memory.elements(codesColumn)
        codes.initialize(repeating: 0, count: indices.count * stride)
        let vectors = memory.elements(vectorsColumn)
        thresholds = memory.elements(thresholdsColumn)
        denseFlags = memory.elements(flagsColumn)
        let members = memory.elements(membersColumn)
        for (slot, index) in indices.enumerated() {
            let query = queries[index]
            let code = query.ranking.vector.withElements { elements in
                let widened = vectors + slot * dimension
                for element in 0..<dimension { (widened + element).initialize(to: Double(elements[element])) }
                return Int8Query(
                    elements, dimension: dimension, scoring: query.ranking.scoring, kernel: kernel,
                    into: codes + slot * stride)
            }
            (members + slot).initialize(
                to: Member(
                    index: index, query: code, excluded: Excluded(query.eligibility.exclusions),
                    boosts: query.boosts?.look))
            (thresholds + slot).initialize(to: Atomic(Self.ascending(query.minimumScore)))
            (denseFlags + slot).initialize(to: Atomic(false))
        }
        count = indices.count
        isCosine = indices.allSatisfy { queries[$0].ranking.similarity == .cosine }
        self.members = UnsafePointer(members)
        self.stride = stride
        self.codes = codes
        self.vectors = vectors
    }

    deinit {
        thresholds.deinitialize(count: count)
        denseFlags.deinitialize(count: count)
        memory.deallocate()
    }

    /// The greatest threshold of scores that any thread has found for a query.
    func threshold(_ slot: Int) -> Float {
        let value = thresholds[slot].load(ordering: .relaxed)
        return RankingKey.score(ordered: UInt32(bitPattern: value) ^ Self.signBit)
    }

    /// Shares a threshold with the other threads.
    func raiseThreshold(_ slot: Int, to score: Float) {
        _ = thresholds[slot].max(Self.ascending(score), ordering: .relaxed)
    }

    private static let signBit: UInt32 = 1 << 31

    /// A signed number that is greater for a greater score: `Atomic.max` of Swift 6.3 compares unsigned numbers as
    /// signed.
    private static func ascending(_ score: Float) -> Int32 {
        Int32(bitPattern: RankingKey.ordered(score) ^ signBit)
    }

    /// True where so many rows pass the query's threshold that BLAS is the better engine for it.
    func isDense(_ slot: Int) -> Bool { denseFlags[slot].load(ordering: .relaxed) }

    func markDense(_ slot: Int) { denseFlags[slot].store(true, ordering: .relaxed) }
}
