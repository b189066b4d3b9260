import KindredDomain
import KindredSystem

/// Which items each user of a version has seen: a list of rows for every user, one after the other.
///
/// Immutable; any thread may read. Code that reads a list holds the pairs.
package final class SeenPairs: @unchecked Sendable {
    /// Users, at least 1; row u of them has list u.
    package let userCount: Int
    /// Items, at least 1; all rows in lists are below.
    package let itemCount: Int
    /// The lists' elements together.
    package let pairCount: Int
    /// `userCount + 1` positions in `rowColumn`, ascending from 0 to `pairCount`.
    package let offsetColumn: RegionColumn<UInt64>
    /// The items of all users, ascending for each.
    package let rowColumn: RegionColumn<UInt32>
    private let offsets: UnsafePointer<UInt64>
    private let rows: UnsafePointer<UInt32>

    /// Users of one part of the check, which one thread does at a time.
    private static let usersPerPart = 4_096

    /// Pairs over the sections of a file, checked whole: offsets ascend from 0 to the number of pairs, rows of each
    /// user ascend strictly and are below `itemCount`. Throws for the first fault, and if the load was cancelled.
    package init(
        offsets: RegionColumn<UInt64>, rows: RegionColumn<UInt32>, itemCount: Int, file: String,
        with resources: LoadResources = .plain
    ) throws(FileFailure) {
        precondition(offsets.count >= 2 && itemCount >= 1 && UInt64(itemCount) <= Limits.rowsMax)
        userCount = offsets.count - 1
        self.itemCount = itemCount
        pairCount = rows.count
        offsetColumn = offsets
        rowColumn = rows
        self.offsets = offsets.pointer
        self.rows = rows.pointer
        guard offsets[0] == 0 else {
            throw FileFailure(file: file, field: "offsets[0]", found: "\(offsets[0])", wanted: "0")
        }
        guard offsets[userCount] == UInt64(pairCount) else {
            throw FileFailure(
                file: file, field: "offsets[\(userCount)]", found: "\(offsets[userCount])",
                wanted: "\(pairCount), the number of pairs")
        }
        try resources.threads.run(userCount, inPartsOf: Self.usersPerPart) { (part) throws(FileFailure) in
            try Self.check(part, offsets: offsets, rows: rows, itemCount: itemCount, file: file)
        }
    }

    /// Pairs of lists in memory, one for each user. Throws like the other initialiser, and without memory.
    package convenience init(lists: [[UInt32]], itemCount: Int) throws(FileFailure) {
        var offsets: [UInt64] = [0]
        for list in lists { offsets.append(offsets[offsets.count - 1] + UInt64(list.count)) }
        let file = "seen"
        try self.init(
            offsets: RegionColumn(try MemoryRegion.copy(of: offsets, for: file)),
            rows: RegionColumn(try MemoryRegion.copy(of: lists.flatMap { $0 }, for: file)),
            itemCount: itemCount, file: file)
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: SeenPairs) {
        userCount = other.userCount
        itemCount = other.itemCount
        pairCount = other.pairCount
        offsetColumn = other.offsetColumn
        rowColumn = other.rowColumn
        offsets = other.offsets
        rows = other.rows
    }

    /// The items of the user in a row of `0 ..< userCount`. Valid while the pairs are held.
    package func list(ofUser user: UInt32) -> SeenList {
        let user = Int(user)
        precondition(user < userCount, "no row of the users")
        let start = Int(truncatingIfNeeded: offsets[user])
        return SeenList(
            rows: rows + start, count: Int(truncatingIfNeeded: offsets[user + 1]) - start,
            lastRow: UInt32(truncatingIfNeeded: itemCount - 1))
    }

    private static func check(
        _ users: Range<Int>, offsets: RegionColumn<UInt64>, rows: RegionColumn<UInt32>, itemCount: Int,
        file: String
    ) throws(FileFailure) {
        try offsets.withElements { (offsets) throws(FileFailure) in
            try rows.withElements { (rows) throws(FileFailure) in
                for user in users {
                    let (start, end) = (offsets[user], offsets[user + 1])
                    guard start <= end, end <= UInt64(rows.count) else {
                        throw FileFailure(
                            file: file, field: "offsets[\(user + 1)]", found: "\(end)",
                            wanted: "\(start)...\(rows.count)")
                    }
                    // One more than the row before; 0 before the first.
                    var least: UInt64 = 0
                    for position in Int(start)..<Int(end) {
                        let row = UInt64(rows[position])
                        guard row >= least, row < UInt64(itemCount) else {
                            throw FileFailure(
                                file: file, field: "rows[\(position)]", found: "\(row)",
                                wanted: "\(least)..<\(itemCount): the items of user row \(user) ascend")
                        }
                        least = row + 1
                    }
                }
            }
        }
    }
}

extension SeenPairs {
    /// Figures of all lists together.
    package struct Summary: Sendable, Equatable {
        package var pairs = 0
        /// Users with at least one item.
        package var usersWithAny = 0
        /// The items of the user who has most.
        package var longestList = 0

        package init(pairs: Int = 0) { self.pairs = pairs }
    }

    /// Reads all offsets.
    package var summary: Summary {
        var summary = Summary(pairs: pairCount)
        for user in 0..<userCount {
            let count = list(ofUser: UInt32(truncatingIfNeeded: user)).count
            if count > 0 { summary.usersWithAny += 1 }
            summary.longestList = max(summary.longestList, count)
        }
        return summary
    }
}
