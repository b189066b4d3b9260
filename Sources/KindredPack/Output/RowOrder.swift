import KindredModel

/// The input rows in ascending order of their ids.
struct RowOrder {
    /// `rows[r]` is the input row of stored row r.
    let rows: [UInt32]
    /// Whether the input is in that order already.
    let isIdentity: Bool

    /// Two input rows with the same id.
    struct Duplicate: Error {
        let first: Int
        let second: Int
    }

    /// A row with the number it is sorted by: its id, or the first eight bytes of its id.
    private typealias Entry = (key: UInt64, row: UInt32)

    /// Sorts the rows. Throws if an id occurs twice. The number of ids must fit a `UInt32`.
    init(_ ids: InputIDs) throws(Duplicate) {
        switch ids {
        case .numbers(let numbers):
            (rows, isIdentity) = try Self.sorted(numbers)
        case .text(let bytes, let ranges):
            (rows, isIdentity) = try bytes.withBytes { (bytes) throws(Duplicate) in
                try Self.sorted(ranges, of: bytes)
            }
        }
    }

    private static func sorted(_ numbers: [UInt64]) throws(Duplicate) -> (rows: [UInt32], isIdentity: Bool) {
        var entries: [Entry] = []
        entries.reserveCapacity(numbers.count)
        var isAscending = true
        for (row, number) in numbers.enumerated() {
            if let last = entries.last, last.key >= number { isAscending = false }
            entries.append((number, UInt32(row)))
        }
        if !isAscending { entries.sort { $0 < $1 } }
        for index in 1..<max(1, entries.count) where entries[index].key == entries[index - 1].key {
            throw duplicate(entries[index - 1].row, entries[index].row)
        }
        return (entries.map(\.row), isAscending)
    }

    private static func sorted(
        _ ranges: [Range<Int>], of bytes: UnsafeRawBufferPointer
    ) throws(Duplicate) -> (rows: [UInt32], isIdentity: Bool) {
        func text(_ row: UInt32) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[ranges[Int(row)]])
        }
        // The first eight bytes as a big-endian number decide nearly every comparison without reading the text.
        func order(_ a: Entry, _ b: Entry) -> Int {
            a.key != b.key ? (a.key < b.key ? -1 : 1) : IDTable.compare(text(a.row), text(b.row))
        }
        var entries: [Entry] = []
        entries.reserveCapacity(ranges.count)
        var isAscending = true
        for row in ranges.indices {
            let entry = (key: prefix(text(UInt32(row))), row: UInt32(row))
            if isAscending, let last = entries.last, order(last, entry) >= 0 { isAscending = false }
            entries.append(entry)
        }
        if !isAscending {
            entries.sort {
                let order = order($0, $1)
                return order != 0 ? order < 0 : $0.row < $1.row
            }
            for index in 1..<max(1, entries.count) where order(entries[index - 1], entries[index]) == 0 {
                throw duplicate(entries[index - 1].row, entries[index].row)
            }
        }
        return (entries.map(\.row), isAscending)
    }

    private static func duplicate(_ a: UInt32, _ b: UInt32) -> Duplicate {
        Duplicate(first: Int(min(a, b)), second: Int(max(a, b)))
    }

    /// The first eight bytes as a big-endian number; a shorter text is padded with zeros.
    private static func prefix(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count >= 8 { return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for index in 0..<8 { prefix = prefix << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
        return prefix
    }
}
