import Glibc
import KindredDomain
import KindredSystem

/// The external ids of one side, in strictly ascending order: id of row r is the r-th smallest.
///
/// Numbers compare by value, texts by their bytes. Numbers are found by interpolation, then by halves, texts by
/// halves. Immutable; any thread may read.
package final class IDTable: @unchecked Sendable {
    package let kind: IDKind
    /// Rows, at most `Limits.rowsMax`.
    package let count: Int

    /// Little-endian U64: the numbers, or `count + 1` offsets into `text`. Not necessarily aligned.
    private let words: UnsafeRawPointer
    /// The texts' bytes, one after the other; empty for numbers.
    private let text: UnsafeRawBufferPointer
    /// What keeps `words` and `text` alive.
    private let storage: [MemoryRegion]

    /// A table over columns inside `storage`, checked whole: strictly ascending, numbers at most 2^63 - 1,
    /// texts valid UTF-8 of 1 to 256 bytes. `words` and `text` must lie in memory that nobody changes.
    package init(
        kind: IDKind, count: Int, words: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer,
        storage: [MemoryRegion], file: String
    ) throws(FileFailure) {
        let wordCount = kind == .number ? count : count + 1
        precondition(words.count == wordCount * 8 && count > 0 && UInt64(count) <= Limits.rowsMax)
        self.kind = kind
        self.count = count
        self.words = words.baseAddress!
        self.text = text
        self.storage = storage
        switch kind {
        case .number: try Self.checkNumbers(words, file: file)
        case .text: try Self.checkTexts(offsets: words, bytes: text, file: file)
        }
    }

    /// A table of ids that are already in strictly ascending order; throws as the other initialiser does, and
    /// where there is no id or no memory.
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
            kind: ids.kind, count: ids.count, words: wordRegion.bytes, text: textRegion.bytes,
            storage: [wordRegion, textRegion], file: "ids")
    }

    /// An object of its own over the same memory.
    init(replicaOf other: IDTable) {
        kind = other.kind
        count = other.count
        words = other.words
        text = other.text
        storage = other.storage
    }

    /// Bytes of all text ids; 0 for numbers.
    package var textByteCount: Int { text.count }

    @inline(__always)
    private func word(_ index: Int) -> UInt64 {
        words.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
    }

    @inline(__always)
    private func bytes(ofRow row: Int) -> UnsafeRawBufferPointer {
        // The constructor has checked that offsets ascend and end with the text.
        UnsafeRawBufferPointer(rebasing: text[Int(word(row))..<Int(word(row + 1))])
    }

    /// Guesses at where a number is, before halves are searched: ids that were given out in turn are found by
    /// the first or second, random ones by the third or so.
    private static let guessCountMax = 4

    /// The row of a numeric id; nil where it is absent or the ids are texts. O(log count), and some few steps
    /// where the ids are spread evenly (interpolation search).
    package func row(ofNumber number: UInt64) -> UInt32? {
        guard kind == .number, number >= word(0), number <= word(count - 1) else { return nil }
        // The number lies between these rows' numbers, or is one of them.
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
        while low < high {
            let middle = (low + high) / 2
            if word(middle) < number { low = middle + 1 } else { high = middle }
        }
        return word(low) == number ? UInt32(low) : nil
    }

    /// The row of a text id, compared as bytes; nil where it is absent or the ids are numbers. O(log count).
    ///
    /// A text that spells a number is not looked up as one: `ExternalID.plainDecimal` is the caller's to try.
    package func row(ofText id: UnsafeRawBufferPointer) -> UInt32? {
        guard kind == .text else { return nil }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let order = Self.compare(bytes(ofRow: middle), id)
            if order == 0 { return UInt32(middle) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The row of an id of this table's kind; nil for an absent id or one of the other kind.
    package func row(of id: ExternalID) -> UInt32? {
        switch id {
        case .number(let value): row(ofNumber: value)
        case .text(let bytes): bytes.withUnsafeBytes { row(ofText: $0) }
        }
    }

    /// The id of a row, which must be in `0 ..< count`.
    package func id(ofRow row: UInt32) -> ExternalID {
        precondition(Int(row) < count)
        return switch kind {
        case .number: .number(word(Int(row)))
        case .text: .text(Array(bytes(ofRow: Int(row))))
        }
    }

    /// An empty list of the table's kind of ids.
    package var noIDs: IDList { kind == .number ? .empty : .text(TextList()) }

    /// The ids of the rows in their order, as columns. Rows must be in `0 ..< count`.
    package func ids(ofRows rows: [UInt32]) -> IDList {
        var ids = noIDs
        append(rows, to: &ids)
        return ids
    }

    /// Appends the ids of rows to a list of the table's kind. Rows must be in `0 ..< count`.
    package func append(_ rows: [UInt32], to ids: inout IDList) {
        switch ids {
        case .numbers(var numbers):
            precondition(kind == .number)
            // One owner, so that nothing is copied.
            ids = .empty
            // Later ones let the array grow by itself: asking for just so much each time would copy it each time.
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

    /// Writes the numbers of rows, in their order, to `numbers`, which has room for as many. Rows must be in
    /// `0 ..< count`, the ids numbers.
    package func copyNumbers(
        ofRows rows: UnsafeBufferPointer<UInt32>, into numbers: UnsafeMutablePointer<UInt64>
    ) {
        precondition(kind == .number)
        for (position, row) in rows.enumerated() {
            precondition(Int(row) < count)
            numbers[position] = word(Int(row))
        }
    }

    /// Writes the texts of rows one after the other to `texts` from byte `start` on, and to `ends` where each one
    /// ends. There must be room; rows must be in `0 ..< count`, the ids texts. Returns the last end.
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

    /// Bytewise order: negative, 0 or positive.
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
