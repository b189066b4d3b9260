import KindredDomain

/// The rows whose entries have been read, and how these store their ids.
struct EntryRows {
    /// The rows with an entry.
    private(set) var rows: Bitmap
    /// Whether an entry has an integer as its id, and whether one has a text.
    private(set) var hasIntegers = false
    private(set) var hasTexts = false
    /// The type of the first row's id.
    private var firstIsInteger: Bool?
    /// The rows whose entry has an integer, once there are rows of both types.
    private var integerRows: Bitmap?

    init(rowCount: Int, memory: inout ColumnMemory) throws(CatalogFailure) {
        try memory.take((rowCount + 7) / 8)
        rows = Bitmap(count: rowCount)
    }

    /// Adds the entry of a row. False where the row has one.
    mutating func add(
        _ row: Int, _ id: ImmutableDatabase.Value, memory: inout ColumnMemory
    ) throws(CatalogFailure) -> Bool {
        addWithoutRow(id)
        let isInteger = if case .integer = id { true } else { false }
        let firstIsInteger = self.firstIsInteger ?? isInteger
        self.firstIsInteger = firstIsInteger
        if isInteger != firstIsInteger, integerRows == nil {
            try memory.take((rows.count + 7) / 8)
            // All rows before this one are of the other type.
            integerRows = firstIsInteger ? rows : Bitmap(count: rows.count)
        }
        if isInteger { integerRows?[row] = true }
        return rows.insert(row)
    }

    /// Notes the type of an id.
    mutating func addWithoutRow(_ id: ImmutableDatabase.Value) {
        if case .integer = id { hasIntegers = true } else { hasTexts = true }
    }

    var storage: CatalogIDs.Storage {
        if let integerRows { return .mixed(integers: integerRows) }
        return firstIsInteger ?? true ? .integers : .texts
    }
}
