import Synchronization

/// The memory that one connection holds, in bytes, and how much of it is counted in `ConnectionMemoryBudget`. A value.
package struct ConnectionMemory {
    /// Input that was not read as frames.
    package var inputByteCount = 0
    /// Large requests that are worked on, with their replies.
    package var workByteCount = 0
    /// Replies that the socket has not taken.
    package var outputByteCount = 0
    /// The part of the three that was counted last.
    package private(set) var counted = 0
    /// Bytes that had ever been written when the connection was last swept.
    package var sweptByteCount: UInt64 = 0

    /// Up to here memory does not count: every connection holds so much.
    private static let freeByteCount = 4 << 10

    /// Bytes that closing the connection frees at once: unread input and unsent replies.
    package var byteCountOfPeer: Int { inputByteCount + outputByteCount }

    package init(counted: Int = 0) { self.counted = counted }

    /// Takes over work of so many bytes, which the caller has counted.
    package mutating func takeWork(_ byteCount: Int) {
        workByteCount += byteCount
        counted += byteCount
    }

    /// Counts anew. Returns by how many bytes the count has changed.
    package mutating func count() -> Int {
        let held = inputByteCount + workByteCount + outputByteCount
        let next = held <= Self.freeByteCount ? 0 : held
        defer { counted = next }
        return next - counted
    }
}

/// The bytes that all connections of the process hold: unfinished frames, large requests that are worked on, and
/// replies that are not read.
///
/// Every loop adds the bytes of its connections, and ends connections of its own where all hold too much. Small
/// requests that are answered at once are not counted.
package final class ConnectionMemoryBudget: Sendable {
    /// The bound. Memory that cannot be refused may exceed it.
    package let byteCountMax: Int
    private let count = Atomic<Int>(0)

    package init(byteCountMax: UInt64) { self.byteCountMax = Int(clamping: byteCountMax) }

    package var byteCount: Int { count.load(ordering: .relaxed) }

    package func change(by difference: Int) { count.wrappingAdd(difference, ordering: .relaxed) }

    /// Counts `more` bytes where `needed` bytes have room; false where they have not.
    package func tryTake(_ more: Int, needing needed: Int) -> Bool {
        var found = count.load(ordering: .relaxed)
        while found + needed <= byteCountMax {
            let (exchanged, original) = count.compareExchange(
                expected: found, desired: found + more, ordering: .relaxed)
            if exchanged { return true }
            found = original
        }
        return false
    }

    /// Bytes that must be freed so that `more` bytes have room; 0: there is room.
    package func excess(with more: Int = 0) -> Int { max(0, byteCount + more - byteCountMax) }

    /// Bytes to free where any must be: an eighth of the bound more than the excess, so that the next bytes have room.
    package func wantedExcess(with more: Int = 0) -> Int {
        let excess = excess(with: more)
        return excess == 0 ? 0 : excess + byteCountMax / 8
    }
}

/// Chooses the connections that are cut off so that memory becomes free. A value.
package struct Eviction {
    /// A connection that holds memory while its peer owes something.
    package struct Candidate {
        package let index: Int
        package let byteCount: Int
        /// Since when the peer has owed; nanoseconds.
        package let since: UInt64

        package init(index: Int, byteCount: Int, since: UInt64) {
            self.index = index
            self.byteCount = byteCount
            self.since = since
        }
    }

    /// The candidates to cut off until `byteCount` bytes are free, those that have owed longest first.
    package static func choose(_ candidates: [Candidate], freeing byteCount: Int) -> [Candidate] {
        var chosen: [Candidate] = []
        var freed = 0
        for candidate in candidates.sorted(by: { ($0.since, $0.index) < ($1.since, $1.index) }) {
            guard freed < byteCount else { break }
            chosen.append(candidate)
            freed += candidate.byteCount
        }
        return chosen
    }
}
