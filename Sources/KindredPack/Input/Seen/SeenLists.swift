import KindredDomain
import KindredModel
import KindredSystem

/// The items of every user as the input has them: in stored rows, unsorted, perhaps twice.
struct SeenLists {
    /// `userCount + 1` positions in `rows`, by stored row of the user: `UInt64` each.
    let offsets: MemoryRegion
    /// The items' stored rows: `UInt32` each.
    let rows: MemoryRegion
    let userCount: Int
    let itemCount: Int
    var report = SeenReport()

    /// Users between two reports of progress.
    private static let usersPerReport = 1 << 14

    /// Reads a `.npz` or a text; its first bytes decide. `users` and `items` are the packed sides.
    static func read(
        path: String, users: PackedIDs, items: PackedIDs, progress: (PackProgress) -> Void
    ) throws(FileFailure) -> SeenLists {
        progress(.readingPairs(done: 0, of: 1))
        return try isArchive(path)
            ? try SeenLists(matrix: path, users: users, items: items, progress: progress)
            : try SeenLists(text: path, users: users, items: items, progress: progress)
    }

    /// Throws where the file cannot be that of so many users and items. Reads little, so that a mistake is found before
    /// the vectors are written.
    static func check(path: String, userCount: Int, itemCount: Int) throws(FileFailure) {
        if try isArchive(path) {
            try SeenMatrix.check(try ZipArchive(path: path), userCount: userCount, itemCount: itemCount)
        } else {
            _ = try PairLines(path: path)
        }
    }

    /// Whether a file is a zip archive. Throws for another file with the name of one, such as a file that was cut.
    private static func isArchive(_ path: String) throws(FileFailure) -> Bool {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        let start = try file.bytes(at: 0, count: min(file.byteCount, ZipArchive.magic.count))
        guard start != ZipArchive.magic else { return true }
        guard !path.hasSuffix(".npz") else {
            throw FileFailure(
                file: path, field: "beginning",
                found: FileFailure.quoted(String(decoding: start, as: UTF8.self)),
                wanted: "that of a .npz file, which is a zip archive")
        }
        return false
    }

    private init(
        matrix path: String, users: PackedIDs, items: PackedIDs, progress: (PackProgress) -> Void
    ) throws(FileFailure) {
        (userCount, itemCount) = (users.inputRows.count, items.inputRows.count)
        let matrix = try SeenMatrix(path: path, userCount: userCount, itemCount: itemCount)
        var rowOfColumn = [UInt32](repeating: 0, count: itemCount)
        for (row, column) in items.inputRows.enumerated() { rowOfColumn[Int(column)] = UInt32(row) }
        offsets = try MemoryRegion.zeroed(byteCount: (userCount + 1) * 8, for: path)
        rows = try MemoryRegion.zeroed(byteCount: matrix.entryCount * 4, for: path)
        var zeros = 0
        let (userCount, itemCount) = (userCount, itemCount)
        try offsets.withMutableElements(of: UInt64.self) { (offsets) throws(FileFailure) in
            try rows.withMutableElements(of: UInt32.self) { (rows) throws(FileFailure) in
                var count = 0
                for user in 0..<userCount {
                    if user % Self.usersPerReport == 0 { progress(.readingPairs(done: user, of: userCount)) }
                    zeros += try matrix.items(ofUser: Int(users.inputRows[user]), itemCount: itemCount) {
                        rows[count] = rowOfColumn[$0]
                        count += 1
                    }
                    offsets[user + 1] = UInt64(count)
                }
            }
        }
        report.zeros = zeros
    }

    private init(
        text path: String, users: PackedIDs, items: PackedIDs, progress: (PackProgress) -> Void
    ) throws(FileFailure) {
        (userCount, itemCount) = (users.inputRows.count, items.inputRows.count)
        var text = SeenText(path: path, users: users.table, items: items.table)
        let pairs = try text.read(progress: progress)
        offsets = try MemoryRegion.zeroed(byteCount: (userCount + 1) * 8, for: path)
        rows = try MemoryRegion.zeroed(byteCount: pairs.count * 4, for: path)
        let userCount = userCount
        offsets.withMutableElements(of: UInt64.self) { offsets in
            rows.withMutableElements(of: UInt32.self) { rows in
                for pair in pairs { offsets[Int(pair >> 32) + 1] += 1 }
                for user in 0..<userCount { offsets[user + 1] += offsets[user] }
                // Each user's begin moves to its end, which is the next one's begin.
                for pair in pairs {
                    let user = Int(pair >> 32)
                    rows[Int(offsets[user])] = UInt32(truncatingIfNeeded: pair)
                    offsets[user] += 1
                }
                for user in (0..<userCount).reversed() { offsets[user + 1] = offsets[user] }
                offsets[0] = 0
            }
        }
        report.unknown = text.unknown
        report.heading = text.heading
    }

    /// Sorts each user's items and drops what stands twice, in place. Returns the number of pairs that are left, and
    /// counts them in `report`.
    mutating func sort() -> Int {
        let userCount = userCount
        var packed = SeenPairs.Summary()
        var (count, duplicates) = (0, 0)
        offsets.withMutableElements(of: UInt64.self) { offsets in
            rows.withMutableElements(of: UInt32.self) { rows in
                var start = 0
                for user in 0..<userCount {
                    let end = Int(offsets[user + 1])
                    rows[start..<end].sort()
                    let first = count
                    for position in start..<end {
                        let row = rows[position]
                        if count > first, rows[count - 1] == row {
                            duplicates += 1
                        } else {
                            rows[count] = row
                            count += 1
                        }
                    }
                    start = end
                    offsets[user + 1] = UInt64(count)
                    if count > first { packed.usersWithAny += 1 }
                    packed.longestList = max(packed.longestList, count - first)
                }
            }
        }
        packed.pairs = count
        report.packed = packed
        report.duplicates = duplicates
        return count
    }
}

/// The ids of a packed side, for the files that refer to them.
struct PackedIDs {
    /// `inputRows[r]` is the input row of stored row r.
    let inputRows: [UInt32]
    let table: IDTable
}
