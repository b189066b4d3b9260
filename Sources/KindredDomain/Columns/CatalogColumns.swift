/// The attributes of one side of a model, one value for each row.
package struct CatalogColumns: Sendable {
    /// The columns in the catalog table's order, without `id`. Each has one slot for each row.
    package let columns: [CatalogColumn]
    /// Number of ids in the catalog without a vector.
    package let idsWithoutVector: Int
    /// Number of rows without an entry in the catalog. All their attributes are null.
    package let rowsWithoutEntry: Int
    /// How the table stores its ids.
    package let ids: CatalogIDs
    /// The rows that have an entry; nil where all have one. A row without an entry passes no filter.
    package let entries: Bitmap?
    /// The tables of values, in ascending order of their names.
    package let sets: [CatalogSet]
    /// Whether the catalog's texts are UTF-8. SQLite compares the bytes that it stores, so that texts in UTF-16 have
    /// another order.
    package let isUTF8: Bool

    package init(
        columns: [CatalogColumn], idsWithoutVector: Int, rowsWithoutEntry: Int,
        ids: CatalogIDs = CatalogIDs(ColumnDeclaration(.integer), storage: .integers),
        entries: Bitmap? = nil, sets: [CatalogSet] = [], isUTF8: Bool = true
    ) {
        self.columns = columns
        self.idsWithoutVector = idsWithoutVector
        self.rowsWithoutEntry = rowsWithoutEntry
        self.ids = ids
        self.entries = entries
        self.sets = sets
        self.isUTF8 = isUTF8
    }

    /// The column of a name, compared as bytes.
    package func column(named name: String) -> CatalogColumn? {
        columns.first { $0.name.utf8.elementsEqual(name.utf8) }
    }
}

/// One attribute of all rows.
package struct CatalogColumn: Sendable {
    package let name: String
    /// One slot for each row.
    package let values: CatalogValues
    /// Bit r is set where row r has a value.
    package let present: Bitmap
    package let declaration: ColumnDeclaration
    package let storage: ColumnStorage

    package init(
        name: String, values: CatalogValues, present: Bitmap,
        declaration: ColumnDeclaration = ColumnDeclaration(.blob), storage: ColumnStorage = .uniform
    ) {
        self.name = name
        self.values = values
        self.present = present
        self.declaration = declaration
        self.storage = storage
    }

    /// Why filters cannot compare the column as SQLite does; nil where they can.
    package var incomparability: String? { storage.incomparability(declaration) }

    package var type: ColumnType {
        switch values {
        case .integers: .integers
        case .reals: .reals
        case .text: .text
        }
    }

    /// The values of the given rows, in their order.
    package func gather(_ rows: [UInt32]) -> ResultColumn {
        let found = rows.map { present[Int($0)] }
        switch values {
        case .integers(let all):
            return ResultColumn(name: name, values: .integers(rows.map { all[Int($0)] }), present: found)
        case .reals(let all):
            return ResultColumn(name: name, values: .reals(rows.map { all[Int($0)] }), present: found)
        case .text(let codes, let dictionary):
            var list = TextList()
            list.reserve(
                count: rows.count,
                byteCount: rows.reduce(0) {
                    $0 + (present[Int($1)] ? dictionary.byteCount(of: Int(codes[Int($1)])) : 0)
                })
            for row in rows {
                if present[Int(row)] {
                    list.append(dictionary[Int(codes[Int(row)])])
                } else {
                    list.append(EmptyCollection())
                }
            }
            return ResultColumn(name: name, values: .text(list), present: found)
        }
    }
}

/// The values of one attribute. Slots of absent values hold 0.
package enum CatalogValues: Sendable {
    case integers([Int64])
    case reals([Double])
    /// Each code is an index into the dictionary of distinct texts.
    case text(codes: [UInt32], dictionary: TextList)
}

/// What the slots of a column say about the values that SQLite stores.
package enum ColumnStorage: Sendable, Equatable {
    /// SQLite stores every value in the type of the slots.
    case uniform
    /// Of a column of reals: the rows of the bitmap have an integer, which the real in the slot is exactly.
    case reals(integers: Bitmap)
    /// The slots do not tell the stored values. The reason, as in "it has numbers among its texts".
    case unknown(String)

    /// Why filters cannot compare values of a column as SQLite does; nil where they can.
    package func incomparability(_ declaration: ColumnDeclaration) -> String? {
        if case .unknown(let reason) = self { return reason }
        if declaration.isBinary { return nil }
        return "its collation is \(declaration.collation), and filters compare texts as bytes"
    }
}

/// The values of one requested column for the results of a reply, in their order.
package struct ResultColumn: Sendable, Equatable {
    package let name: String
    package private(set) var values: ResultValues
    /// False where the row has no value.
    package private(set) var present: [Bool]

    package init(name: String, values: ResultValues, present: [Bool]) {
        self.name = name
        self.values = values
        self.present = present
    }
}

/// The values of a result column. Absent ones hold 0 or the empty text.
package enum ResultValues: Sendable, Equatable {
    case integers([Int64])
    case reals([Double])
    case text(TextList)
}

extension ResultColumn {
    /// Reserves memory for `count` values of a catalog's column; for texts, of the dictionary's mean length.
    package mutating func reserve(count: Int, of column: CatalogColumn, byteCountMax: Int) {
        present.reserveCapacity(count)
        var textByteCount = 0
        if case .text(_, let dictionary) = column.values {
            let mean = dictionary.bytes.count / max(1, dictionary.count) + 1
            textByteCount = min(count * mean, byteCountMax)
        }
        values.reserve(count: count, textByteCount: textByteCount)
    }

    /// Bytes of memory of the values.
    package var byteCount: Int {
        switch values {
        case .integers, .reals: present.count * 9
        case .text(let list): list.bytes.count + present.count * 5
        }
    }

    /// Appends the values of a column of the same type.
    package mutating func append(contentsOf other: ResultColumn) {
        if present.isEmpty, values.capacityIsFree {
            self = other
            return
        }
        present.append(contentsOf: other.present)
        values.append(contentsOf: other.values)
    }
}

extension ResultValues {
    /// True when no memory is reserved.
    fileprivate var capacityIsFree: Bool {
        switch self {
        case .integers(let all): all.capacity == 0
        case .reals(let all): all.capacity == 0
        case .text(let list): list.bytes.capacity == 0
        }
    }

    /// Appends values of the same type. Takes the array out of this value first, since an array with two owners is
    /// copied when it is changed.
    fileprivate mutating func append(contentsOf other: ResultValues) {
        var taken = ResultValues.integers([])
        swap(&taken, &self)
        switch consume taken {
        case .integers(var all):
            guard case .integers(let more) = other else { preconditionFailure("columns of two types") }
            all.append(contentsOf: more)
            self = .integers(all)
        case .reals(var all):
            guard case .reals(let more) = other else { preconditionFailure("columns of two types") }
            all.append(contentsOf: more)
            self = .reals(all)
        case .text(var all):
            guard case .text(let more) = other else { preconditionFailure("columns of two types") }
            all.append(contentsOf: more)
            self = .text(all)
        }
    }

    /// Reserves memory for `count` values; for texts, of `textByteCount` bytes in all.
    fileprivate mutating func reserve(count: Int, textByteCount: Int) {
        var taken = ResultValues.integers([])
        swap(&taken, &self)
        switch consume taken {
        case .integers(var all):
            all.reserveCapacity(count)
            self = .integers(all)
        case .reals(var all):
            all.reserveCapacity(count)
            self = .reals(all)
        case .text(var all):
            all.reserve(count: count, byteCount: textByteCount)
            self = .text(all)
        }
    }
}

/// The type of a catalog column's values.
public enum ColumnType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Signed 64-bit integers.
    case integers = 1
    /// 64-bit floating-point numbers.
    case reals = 2
    /// UTF-8 texts.
    case text = 3

    /// `integers`, `reals` or `text`.
    public var description: String {
        switch self {
        case .integers: "integers"
        case .reals: "reals"
        case .text: "text"
        }
    }
}

/// Names of a result's own fields, which no catalog column may have.
package enum ResultNames {
    /// The reserved names. A column of such a name would hide the id or the score of a result.
    package static let reserved: Set = ["id", "score"]
    /// Advice for a column with a reserved name.
    package static let remedy = "give the column another name in the catalog and pack it again"
}
