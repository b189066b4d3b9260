/// At most `most` rows of each group of a column.
package struct CapRule: Sendable {
    package let column: GroupColumn
    /// At least 1.
    package let most: Int

    package init(_ column: GroupColumn, most: Int) {
        self.column = column
        self.most = most
    }
}

/// The rows that one query has taken so far, counted by group, for each of its caps. Rows come best first.
package struct CapCounts {
    /// A group that has no room left.
    struct FullGroup {
        let cap: Int
        let group: UInt32
    }

    /// Bytes of memory for each group that has a count, at most: two to four slots.
    static let byteCountPerGroup = 32

    private let caps: [CapRule]
    /// Of the first cap.
    private var firstCounts = GroupCounts()
    /// Of the caps after the first one.
    private var otherCounts: [GroupCounts]
    /// The groups that have become full, in that order.
    private(set) var full: [FullGroup] = []

    package init(_ caps: [CapRule]) {
        self.caps = caps
        otherCounts = caps.count > 1 ? Array(repeating: GroupCounts(), count: caps.count - 1) : []
    }

    /// Counts a row, unless one of its groups is full. False where one is.
    package mutating func take(_ row: UInt32) -> Bool {
        if caps.count == 1 {
            let places = caps[0].column.groupPlaces(ofRow: row)
            if places.isEmpty { return true }
            if places.count == 1 {
                let group = caps[0].column.group(places.lowerBound)
                guard let count = firstCounts.increment(group, unless: caps[0].most) else { return false }
                if count == caps[0].most { full.append(FullGroup(cap: 0, group: group)) }
                return true
            }
        }
        return takeFromAll(row)
    }

    private mutating func takeFromAll(_ row: UInt32) -> Bool {
        for index in caps.indices {
            for place in caps[index].column.groupPlaces(ofRow: row)
            where count(index, of: caps[index].column.group(place)) >= caps[index].most {
                return false
            }
        }
        for index in caps.indices {
            for place in caps[index].column.groupPlaces(ofRow: row) {
                let group = caps[index].column.group(place)
                guard increment(index, group) == caps[index].most else { continue }
                full.append(FullGroup(cap: index, group: group))
            }
        }
        return true
    }

    private func count(_ cap: Int, of group: UInt32) -> Int {
        cap == 0 ? firstCounts.count(of: group) : otherCounts[cap - 1].count(of: group)
    }

    private mutating func increment(_ cap: Int, _ group: UInt32) -> Int {
        cap == 0 ? firstCounts.increment(group) : otherCounts[cap - 1].increment(group)
    }

    /// The rows of a full group.
    func rows(of group: FullGroup) -> ArraySlice<UInt32> {
        caps[group.cap].column.rows(ofGroup: group.group)
    }
}

/// A count for each group that has one: open addressing over a power of two that is at most half full.
struct GroupCounts {
    /// Group + 1 and its count per slot, 0 where free.
    private var slots: [(group: UInt32, count: UInt32)] = []
    private var used = 0

    private static let sizeMin = 32

    /// The slot of a group, or the free one where it belongs. There must be a free slot.
    private func slot(of group: UInt32) -> Int {
        // Fibonacci hashing, as in `RowSet`.
        var slot = Int((UInt64(group) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (slots.count - 1)
        while slots[slot].group != 0, slots[slot].group != group + 1 { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    func count(of group: UInt32) -> Int { slots.isEmpty ? 0 : Int(slots[slot(of: group)].count) }

    /// Adds 1 to the count of a group. Returns the new count.
    mutating func increment(_ group: UInt32) -> Int { increment(group, unless: .max) ?? .max }

    /// Adds 1 to the count of a group, unless it is `most` or more. Returns the new count; nil where none was added.
    mutating func increment(_ group: UInt32, unless most: Int) -> Int? {
        if 2 * used >= slots.count { grow() }
        let slot = slot(of: group)
        let count = Int(slots[slot].count)
        guard count < most else { return nil }
        if slots[slot].group == 0 {
            slots[slot].group = group + 1
            used += 1
        }
        slots[slot].count = UInt32(truncatingIfNeeded: count + 1)
        return count + 1
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: (0, 0), count: max(Self.sizeMin, 2 * old.count))
        for stored in old where stored.group != 0 { slots[slot(of: stored.group - 1)] = stored }
    }
}
