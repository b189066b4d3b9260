import Glibc
import KindredDomain
import KindredSystem

/// The external ids of one side, in strictly ascending order: row r has the r-th smallest id, counted from 0.
///
/// Numbers compare by value, texts by their bytes. Numbers are found by interpolation search, then by binary search;
/// texts by binary search. Immutable; any thread may read.
package final class IDTable: RowIDs {
    package let kind: IDKind
    /// Rows, at most `Limits.rowsMax`.
    package let count: Int

    /// Bytes of little-endian U64 values: the numbers, or `count + 1` offsets into `text`. A file may place them at an
    /// offset that is not aligned.
    private let words: RegionColumn<UInt8>
    /// The bytes of all texts, one after the other; empty for numbers.
    private let text: RegionColumn<UInt8>

    /// A table over the columns of a file, checked whole: strictly ascending, numbers at most 2^63 - 1, texts valid
    /// UTF-8 of 1 to 256 bytes. Throws for the first id that breaks a rule. `words` holds 8 bytes for each of `count`
    /// numbers, or for each of `count + 1` offsets.
    package init(
        kind: IDKind, count: Int, words: RegionColumn<UInt8>, text: RegionColumn<UInt8>, file: String
    ) throws(FileFailure) {
        let wordCount = kind == .number ? count : count + 1
        precondition(words.count == wordCount * 8 && count > 0 && UInt64(count) <= Limits.rowsMax)
        self.kind = kind
        self.count = count
        self.words = words
        self.text = text
        try words.withBytes { (words) throws(FileFailure) in
            switch kind {
            case .number: try Self.checkNumbers(words, file: file)
            case .text:
                try text.withBytes { (text) throws(FileFailure) in
                    try Self.checkTexts(offsets: words, bytes: text, file: file)
                }
            }
        }
    }

    /// A table of ids that are already in strictly ascending order. Throws like the other initialiser, and if there is
    /// no id or no memory.
    package convenience init(ids: IDList) throws(FileFailure) {
        guard !ids.isEmpty else {
            throw FileFailure(file: "ids", field: "count", found: "0", wanted: "at least 1")
        }
        let words: [UInt64]
        var text: [UInt8] = []
        switch ids {
        case .numbers(let numbers): words = numbers
        case .text(let list):
            words = list.offsets.map(UInt64.init)
            text = list.bytes
        }
        let wordRegion = try MemoryRegion.copy(of: words, for: "ids")
        let textRegion = try MemoryRegion.copy(of: text, for: "ids")
        try self.init(
            kind: ids.kind, count: ids.count, words: RegionColumn(wordRegion), text: RegionColumn(textRegion),
            file: "ids"
        )
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    init(replicaOf other: IDTable) {
        kind = other.kind
        count = other.count
        words = other.words
        text = other.text
    }

    /// Bytes of all text ids; 0 for numbers.
    package var textByteCount: Int { text.count }

    @inline(__always)
    private func word(_ index: Int) -> UInt64 {
        UnsafeRawPointer(words.pointer).loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
    }

    @inline(__always)
    private func bytes(ofRow row: Int) -> UnsafeRawBufferPointer {
        // The initialiser has checked that offsets ascend and end with the text.
        let (start, end) = (Int(word(row)), Int(word(row + 1)))
        return UnsafeRawBufferPointer(start: text.pointer + start, count: end - start)
    }

    /// Interpolated guesses before the binary search. Ids that were assigned in sequence are found by the first or
    /// second guess, random ones by about the third.
    private static let guessCountMax = 4

    /// The row of a numeric id; nil if it is absent or the ids are texts. O(log count); a few steps if the ids are
    /// spread evenly (interpolation search).
    package func row(ofNumber number: UInt64) -> UInt32? {
        guard kind == .number, number >= word(0), number <= word(count - 1) else { return nil }
        // The number is at least the number of row `low` and at most that of row `high`.
        var low = 0
        var high = count - 1
        for _ in 0..<Self.guessCountMax {
            let first = word(low)
            let share = Double(number - first) / Double(max(1, word(high) - first))
            let guess = min(low + Int(share * Double(high - low)), high)
            let found = word(guess)
            if found == number { return UInt32(guess) }
            if found < number { low = guess + 1 } else { high = guess - 1 }
            guard low <= high, number >= word(low), number <= word(high) else { return nil }
        }
        let row = (low..<high).partitioningIndex { word($0) >= number }
        return word(row) == number ? UInt32(row) : nil
    }

    /// The row of a text id, compared as bytes; nil if it is absent or the ids are numbers. O(log count).
    ///
    /// A text that spells a number is not looked up as a number; the caller tries `ExternalID.plainDecimal` first.
    package func row(ofText id: UnsafeRawBufferPointer) -> UInt32? {
        guard kind == .text else { return nil }
        // The comparison tells equal texts too, so this search ends at the first match.
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            let order = Self.compare(bytes(ofRow: middle), id)
            if order == 0 { return UInt32(middle) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The row of an id; nil if it is absent or of the other kind.
    package func row(of id: ExternalID) -> UInt32? {
        switch id {
        case .number(let value): row(ofNumber: value)
        case .text(let bytes): bytes.withUnsafeBytes { row(ofText: $0) }
        }
    }

    /// The id of a row in `0 ..< count`.
    package func id(ofRow row: UInt32) -> ExternalID {
        precondition(Int(row) < count)
        return switch kind {
        case .number: .number(word(Int(row)))
        case .text: .text(Array(bytes(ofRow: Int(row))))
        }
    }

    /// The id's hash of a row in `0 ..< count`, with the row.
    package func hashed(_ row: UInt32) -> HashedRow {
        precondition(Int(row) < count)
        let hash =
            switch kind {
            case .number: IDHash.of(word(Int(row)))
            case .text: IDHash.of(bytes(ofRow: Int(row)))
            }
        return HashedRow(hash: hash, row: row)
    }

    /// An empty list of this table's kind.
    package var noIDs: IDList { kind == .number ? .empty : .text(TextList()) }

    /// The ids of rows, in the order of `rows`. Rows must be in `0 ..< count`.
    package func ids(ofRows rows: [UInt32]) -> IDList {
        var ids = noIDs
        append(rows, to: &ids)
        return ids
    }

    /// Appends the ids of rows to a list of this table's kind. Rows must be in `0 ..< count`.
    package func append(_ rows: [UInt32], to ids: inout IDList) {
        switch ids {
        case .numbers(var numbers):
            precondition(kind == .number)
            // Leaves one owner of the array, so that appending does not copy it.
            ids = .empty
            // Later appends let the array grow by doubling; an exact reservation each time would copy it each time.
            if numbers.isEmpty { numbers.reserveCapacity(rows.count) }
            for row in rows {
                precondition(Int(row) < count)
                numbers.append(word(Int(row)))
            }
            ids = .numbers(numbers)
        case .text(var list):
            precondition(kind == .text)
            ids = .empty
            var byteCount = 0
            for row in rows {
                precondition(Int(row) < count)
                byteCount += bytes(ofRow: Int(row)).count
            }
            if list.isEmpty { list.reserve(count: rows.count, byteCount: byteCount) }
            for row in rows { list.append(bytes(ofRow: Int(row))) }
            ids = .text(list)
        }
    }

    /// Writes the numbers of rows to `numbers`, in the order of `rows`. `numbers` has room for `rows.count`; rows are
    /// in `0 ..< count`; the ids are numbers.
    package func copyNumbers(
        ofRows rows: UnsafeBufferPointer<UInt32>, into numbers: UnsafeMutablePointer<UInt64>
    ) {
        precondition(kind == .number)
        for (position, row) in rows.enumerated() {
            precondition(Int(row) < count)
            numbers[position] = word(Int(row))
        }
    }

    /// Writes the texts of rows one after the other to `texts` from byte `start` on, and the end of each text to
    /// `ends`. Returns the last end, or `start` without rows. `texts` has room for all texts and `ends` for
    /// `rows.count`; rows are in `0 ..< count`; the ids are texts.
    package func copyTexts(
        ofRows rows: UnsafeBufferPointer<UInt32>, into texts: UnsafeMutableRawPointer, from start: Int,
        ends: UnsafeMutablePointer<UInt64>
    ) -> Int {
        precondition(kind == .text)
        var end = start
        for (position, row) in rows.enumerated() {
            precondition(Int(row) < count)
            let text = bytes(ofRow: Int(row))
            (texts + end).copyMemory(from: text.baseAddress!, byteCount: text.count)
            end += text.count
            ends[position] = UInt64(end)
        }
        return end
    }

    /// Compares bytes, then lengths: negative if `a` comes first, 0 if they are equal, positive if `b` comes first.
    @inline(__always)
    package static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let common = min(a.count, b.count)
        if common > 0 {
            let order = memcmp(a.baseAddress!, b.baseAddress!, common)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }
}

extension IDTable {
    private static func checkNumbers(
        _ words: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) {
        var previous: UInt64?
        for row in 0..<words.count / 8 {
            let number = words.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self)
            if number > Limits.numberIDMax {
                throw FileFailure(
                    file: file, field: "ids[\(row)]", found: "\(number)",
                    wanted: "at most \(Limits.numberIDMax)")
            }
            if let previous, previous >= number {
                throw FileFailure(
                    file: file, field: "ids[\(row)]", found: "\(number)",
                    wanted: "more than \(previous), the id before it")
            }
            previous = number
        }
    }

    private static func checkTexts(
        offsets: UnsafeRawBufferPointer, bytes: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) {
        func offset(_ index: Int) -> UInt64 {
            offsets.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        }
        let count = offsets.count / 8 - 1
        var start = offset(0)
        guard start == 0 else {
            throw FileFailure(file: file, field: "id_offsets[0]", found: "\(start)", wanted: "0")
        }
        var previous = UnsafeRawBufferPointer(start: nil, count: 0)
        for row in 0..<count {
            let end = offset(row + 1)
            guard end >= start, end <= UInt64(bytes.count) else {
                throw FileFailure(
                    file: file, field: "id_offsets[\(row + 1)]", found: "\(end)",
                    wanted: "\(start)...\(bytes.count)")
            }
            let id = UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
            try TextIDRule.check(id, file: file, field: "the id of row \(row)")
            if row > 0, compare(previous, id) >= 0 {
                throw FileFailure(
                    file: file, field: "the id of row \(row)", found: TextIDRule.shown(id),
                    wanted: "an id after \(TextIDRule.shown(previous)) in byte order, the id before it")
            }
            previous = id
            start = end
        }
        guard start == UInt64(bytes.count) else {
            throw FileFailure(
                file: file, field: "id_offsets[\(count)]", found: "\(start)",
                wanted: "\(bytes.count), the size of id_bytes")
        }
    }
}
