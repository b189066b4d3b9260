import KindredModel

/// The input rows in ascending order of their ids.
struct RowOrder {
    /// `rows[r]` is the input row of stored row r.
    let rows: [UInt32]
    /// Whether the input was in that order already.
    let isIdentity: Bool

    /// Two input rows with the same id.
    struct Duplicate: Error {
        let first: Int
        let second: Int
    }

    /// Sorts. The number of ids must fit a `UInt32`.
    init(_ ids: InputIDs) throws(Duplicate) {
        // A text's first eight bytes as a big-endian number decide nearly every comparison without its memory.
        var keys: [(key: UInt64, row: UInt32)] = []
        keys.reserveCapacity(ids.count)
        var isAscending = true
        switch ids {
        case .numbers(let numbers):
            for (row, number) in numbers.enumerated() {
                if let last = keys.last, last.key >= number { isAscending = false }
                keys.append((number, UInt32(row)))
            }
            if !isAscending { keys.sort { $0 < $1 } }
            for index in 1..<max(1, keys.count) where keys[index].key == keys[index - 1].key {
                throw Self.duplicate(keys[index - 1].row, keys[index].row)
            }
        case .text(let region, let ranges):
            func bytes(_ row: UInt32) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: region.bytes[ranges[Int(row)]])
            }
            func order(_ a: (key: UInt64, row: UInt32), _ b: (key: UInt64, row: UInt32)) -> Int {
                a.key != b.key ? (a.key < b.key ? -1 : 1) : IDTable.compare(bytes(a.row), bytes(b.row))
            }
            for row in ranges.indices {
                let entry = (key: Self.prefix(bytes(UInt32(row))), row: UInt32(row))
                if isAscending, let last = keys.last, order(last, entry) >= 0 { isAscending = false }
                keys.append(entry)
            }
            if !isAscending {
                keys.sort {
                    let order = order($0, $1)
                    return order != 0 ? order < 0 : $0.row < $1.row
                }
                for index in 1..<max(1, keys.count) where order(keys[index - 1], keys[index]) == 0 {
                    throw Self.duplicate(keys[index - 1].row, keys[index].row)
                }
            }
        }
        rows = keys.map(\.row)
        isIdentity = isAscending
    }

    private static func duplicate(_ a: UInt32, _ b: UInt32) -> Duplicate {
        Duplicate(first: Int(min(a, b)), second: Int(max(a, b)))
    }

    private static func prefix(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count >= 8 { return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for index in 0..<8 { prefix = prefix << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
        return prefix
    }
}
