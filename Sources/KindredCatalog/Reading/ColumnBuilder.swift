import KindredDomain

/// One attribute while it is read.
struct ColumnBuilder {
    /// What the column's values become.
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

    /// Bytes of a column of so many rows, at most 2^32, without its texts.
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
            // Neither JSON nor a reader of a column expects one.
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
            // The kinds were found by looking at every value of a file that does not change.
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

    /// The column with what has been set.
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
