/// The attributes of one side of a model, one value per row, as the engine and the replies see them.
package struct CatalogColumns: Sendable {
    /// Columns in the catalog table's order, without `id`. Every column has one slot per row.
    package let columns: [CatalogColumn]
    /// Ids in the catalog that have no vector.
    package let idsWithoutVector: Int
    /// Rows that have no entry in the catalog; all their attributes are null.
    package let rowsWithoutEntry: Int

    package init(columns: [CatalogColumn], idsWithoutVector: Int, rowsWithoutEntry: Int) {
        self.columns = columns
        self.idsWithoutVector = idsWithoutVector
        self.rowsWithoutEntry = rowsWithoutEntry
    }

    /// The column of that name, compared as bytes.
    package func column(named name: String) -> CatalogColumn? {
        columns.first { $0.name.utf8.elementsEqual(name.utf8) }
    }
}

/// One attribute of every row.
package struct CatalogColumn: Sendable {
    package let name: String
    package let values: CatalogValues
    /// Bit r is set where row r has a value.
    package let present: Bitmap

    package init(name: String, values: CatalogValues, present: Bitmap) {
        self.name = name
        self.values = values
        self.present = present
    }

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

/// Typed storage of one attribute; slots of absent values hold 0.
package enum CatalogValues: Sendable {
    case integers([Int64])
    case reals([Double])
    /// Codes are indices into the dictionary of distinct values.
    case text(codes: [UInt32], dictionary: TextList)
}

/// The values of one wanted column for the winners of a reply, in result order.
package struct ResultColumn: Sendable, Equatable {
    package let name: String
    package private(set) var values: ResultValues
    package private(set) var present: [Bool]

    package init(name: String, values: ResultValues, present: [Bool]) {
        self.name = name
        self.values = values
        self.present = present
    }
}

/// Values of a result column; absent ones hold 0 or the empty text.
package enum ResultValues: Sendable, Equatable {
    case integers([Int64])
    case reals([Double])
    case text(TextList)
}

extension ResultColumn {
    /// Makes room for `count` values of a catalog's column; its texts count with their mean length.
    package mutating func reserve(count: Int, of column: CatalogColumn, byteCountMax: Int) {
        present.reserveCapacity(count)
        var textByteCount = 0
        if case .text(_, let dictionary) = column.values {
            let mean = dictionary.bytes.count / max(1, dictionary.count) + 1
            textByteCount = min(count * mean, byteCountMax)
        }
        values.reserve(count: count, textByteCount: textByteCount)
    }

    /// Bytes of memory that the values take.
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
    /// Nothing was reserved for it.
    fileprivate var capacityIsFree: Bool {
        switch self {
        case .integers(let all): all.capacity == 0
        case .reals(let all): all.capacity == 0
        case .text(let list): list.bytes.capacity == 0
        }
    }

    /// Appends values of the same type. They are taken out of this value first: an array that has two owners would be
    /// copied whole.
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

    /// Makes room for `count` values, texts with so many bytes in all.
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

/// What the values of a catalog column are.
public enum ColumnType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Whole numbers of 64 bits with a sign.
    case integers = 1
    /// Numbers of float64.
    case reals = 2
    /// Texts of UTF-8.
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

/// Names that results have for themselves, beside the columns of a catalog.
package enum ResultNames {
    /// A catalog column of such a name cannot stand beside the id and the score of a result.
    package static let reserved: Set = ["id", "score"]
    /// What to do about such a column.
    package static let remedy = "give the column another name in the catalog and pack it again"
}
