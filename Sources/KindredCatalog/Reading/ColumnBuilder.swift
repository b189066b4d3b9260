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
    private let declaration: ColumnDeclaration
    /// Of a column of reals: the rows with an integer; nil while there is none.
    private var integerRows: Bitmap?
    /// Why the slots do not tell what SQLite stores; nil while they do.
    private var loss: String?
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

    init(name: String, kind: Kind, declaration: ColumnDeclaration, rowCount: Int) {
        self.name = name
        self.kind = kind
        self.declaration = declaration
        present = Bitmap(count: rowCount)
        switch kind {
        case .integers: integers = Array(repeating: 0, count: rowCount)
        case .reals: reals = Array(repeating: 0, count: rowCount)
        case .text: codes = Array(repeating: 0, count: rowCount)
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
        case (.integer(let integer), .reals): try setInteger(row, integer, memory: &memory)
        case (.real(let real), .reals): reals[row] = real
        case (.integer(let integer), .text):
            lose("it has numbers among its texts")
            try setText(row, String(integer), table: table, file: file, memory: &memory)
        case (.real(let real), .text):
            lose("it has numbers among its texts")
            try setText(row, "\(real)", table: table, file: file, memory: &memory)
        case (.text(let bytes), .text): try setText(row, bytes, table: table, file: file, memory: &memory)
        case (.real, .integers), (.text, .integers), (.text, .reals):
            // The kinds were found by reading every value, so the file has changed since.
            throw .value(
                file: file, table: table.name, column: name, id: "row \(row)", found: value.shown,
                wanted: "the type that it had a moment ago: the file is being changed")
        }
        present[row] = true
    }

    private mutating func setInteger(
        _ row: Int, _ integer: Int64, memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        reals[row] = Double(integer)
        if Int64(exactly: reals[row]) != integer {
            lose("it has \(integer) among its reals, which no real of 64 bits equals")
        }
        if integerRows == nil {
            try memory.take((present.count + 7) / 8)
            integerRows = Bitmap(count: present.count)
        }
        integerRows?[row] = true
    }

    /// Keeps the first reason.
    private mutating func lose(_ reason: String) {
        if loss == nil { loss = reason }
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
        let storage =
            loss.map(ColumnStorage.unknown) ?? integerRows.map(ColumnStorage.reals(integers:)) ?? .uniform
        return CatalogColumn(
            name: name, values: values, present: present, declaration: declaration, storage: storage)
    }
}
