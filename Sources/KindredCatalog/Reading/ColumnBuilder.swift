import KindredDomain

/// One attribute while it is read.
struct ColumnBuilder {
    /// The type that the column's values get.
    enum Kind {
        case integers
        case reals
        case text
    }

    private let name: String
    private let kind: Kind
    private var integers: [Int64] = []
    private var reals: [Double] = []
    private var codes: [UInt32] = []
    private var dictionary = TextDictionary()
    private var present: Bitmap

    /// Bytes of a column without its texts. `rowCount` is at most 2^32.
    static func byteCount(_ kind: Kind, rowCount: Int) -> Int {
        let valueByteCount =
            switch kind {
            case .integers, .reals: 8
            case .text: 4
            }
        return rowCount * valueByteCount + (rowCount + 7) / 8
    }

    init(name: String, kind: Kind, rowCount: Int) {
        self.name = name
        self.kind = kind
        present = Bitmap(count: rowCount)
        switch kind {
        case .integers: integers = Array(repeating: 0, count: rowCount)
        case .reals: reals = Array(repeating: 0, count: rowCount)
        case .text: codes = Array(repeating: 0, count: rowCount)
        }
    }

    /// Throws for a value that no attribute may have.
    func check(
        _ value: ImmutableDatabase.Value, id: ImmutableDatabase.Value, table: CatalogTable, file: String
    ) throws(CatalogFailure) {
        func failure(_ found: String, _ wanted: String) -> CatalogFailure {
            .value(file: file, table: table.name, column: name, id: id.shown, found: found, wanted: wanted)
        }
        switch value {
        case .null, .integer:
            return
        case .real(let real):
            // JSON has no such numbers, and readers of a column expect none.
            guard real.isFinite else { throw failure("\(real)", "a finite number") }
        case .text(let bytes):
            guard bytes.count <= Limits.catalogTextBytesMax else {
                throw failure("\(bytes.count) bytes long", "at most \(Limits.catalogTextBytesMax) bytes")
            }
            guard bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil else {
                throw failure(value.shown, "valid UTF-8")
            }
        case .blob:
            throw failure(value.shown, "null, an integer, a real or a text")
        }
    }

    /// Puts a checked value at a row.
    mutating func set(
        _ row: Int, _ value: ImmutableDatabase.Value, table: CatalogTable, file: String,
        memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        switch (value, kind) {
        case (.null, _), (.blob, _): return
        case (.integer(let integer), .integers): integers[row] = integer
        case (.integer(let integer), .reals): reals[row] = Double(integer)
        case (.real(let real), .reals): reals[row] = real
        case (.integer(let integer), .text):
            try setText(row, String(integer), table: table, file: file, memory: &memory)
        case (.real(let real), .text): try setText(row, "\(real)", table: table, file: file, memory: &memory)
        case (.text(let bytes), .text): try setText(row, bytes, table: table, file: file, memory: &memory)
        case (.real, .integers), (.text, .integers), (.text, .reals):
            // The kinds were found by reading every value, so the file has changed since.
            throw .value(
                file: file, table: table.name, column: name, id: "row \(row)", found: value.shown,
                wanted: "the type that it had a moment ago: the file is being changed")
        }
        present[row] = true
    }

    private mutating func setText(
        _ row: Int, _ text: String, table: CatalogTable, file: String, memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        var text = text
        var failure: CatalogFailure?
        text.withUTF8 { bytes in
            do throws(CatalogFailure) {
                try setText(row, UnsafeRawBufferPointer(bytes), table: table, file: file, memory: &memory)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private mutating func setText(
        _ row: Int, _ bytes: UnsafeRawBufferPointer, table: CatalogTable, file: String,
        memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        let before = dictionary.texts.count
        guard let code = dictionary.code(of: bytes) else {
            throw .dictionaryTooLarge(file: file, table: table.name, column: name)
        }
        if dictionary.texts.count > before { try memory.take(bytes.count + TextDictionary.overheadByteCount) }
        codes[row] = code
    }

    /// The column with the values that were set.
    consuming func finish() -> CatalogColumn {
        let values: CatalogValues =
            switch kind {
            case .integers: .integers(integers)
            case .reals: .reals(reals)
            case .text: .text(codes: codes, dictionary: dictionary.texts)
            }
        return CatalogColumn(name: name, values: values, present: present)
    }
}

/// Distinct texts, numbered in the order in which they come. A hash table over one `TextList`: no allocation per
/// text.
struct TextDictionary {
    /// Bytes that a text takes beside its own, at most: its offset, its hash and its slots.
    static let overheadByteCount = 4 + 8 + 16

    /// The text of each code.
    private(set) var texts = TextList()
    /// Codes + 1 by hash, 0 where free; a power of two of them, at most half taken.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private var hashes: [Int] = []

    /// The code of a text, a new one where it is new; nil where there is no room for it.
    mutating func code(of text: UnsafeRawBufferPointer) -> UInt32? {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        let hash = hasher.finalize()
        var slot = hash & (slots.count - 1)
        while slots[slot] != 0 {
            let code = slots[slot] - 1
            if hashes[Int(code)] == hash, texts[Int(code)].elementsEqual(text) { return code }
            slot = (slot + 1) & (slots.count - 1)
        }
        guard text.count <= Limits.catalogDictionaryBytesMax - texts.bytes.count else { return nil }
        let code = UInt32(texts.count)
        texts.append(text)
        hashes.append(hash)
        slots[slot] = code + 1
        if texts.count * 2 > slots.count { grow() }
        return code
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (code, hash) in hashes.enumerated() {
            var slot = hash & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(code) + 1
        }
    }
}
