import Synchronization

/// Bytes that all connections of the process hold: unfinished frames, large requests that are worked on, and replies
/// that are not read.
///
/// Every loop adds what its connections come to hold and frees memory of its own connections where all hold too much.
/// Small requests that are answered at once never come here.
package final class HeldBytes: Sendable {
    /// What is held at most, as far as it can be chosen.
    package let byteCountMax: Int
    private let count = Atomic<Int>(0)

    package init(byteCountMax: UInt64) { self.byteCountMax = Int(clamping: byteCountMax) }

    package var byteCount: Int { count.load(ordering: .relaxed) }

    package func change(by difference: Int) { count.wrappingAdd(difference, ordering: .relaxed) }

    /// Counts so many bytes more, where they have room: false where they have not.
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

    /// Bytes that must be freed so that so many more have room; 0: there is room.
    package func excess(with more: Int = 0) -> Int { max(0, byteCount + more - byteCountMax) }

    /// Bytes to free once anything is: an eighth more than the excess, so that not every further byte frees some.
    package func wantedExcess(with more: Int = 0) -> Int {
        let excess = excess(with: more)
        return excess == 0 ? 0 : excess + byteCountMax / 8
    }
}

/// Which peers are cut off so that memory becomes free, as a value.
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

    /// The candidates to cut off, those that have owed for longest first, until `byteCount` bytes are free.
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
