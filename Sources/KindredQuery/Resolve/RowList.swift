/// Rows that a query is made of. None and one take no memory of their own, since most queries are made of one row.
package enum RowList: Sendable {
    case none
    case one(UInt32)
    case many([UInt32])

    package init(_ rows: [UInt32]) {
        self = rows.isEmpty ? .none : rows.count == 1 ? .one(rows[0]) : .many(rows)
    }

    package var count: Int {
        switch self {
        case .none: 0
        case .one: 1
        case .many(let rows): rows.count
        }
    }

    package var isEmpty: Bool { count == 0 }

    package var first: UInt32? {
        switch self {
        case .none: nil
        case .one(let row): row
        case .many(let rows): rows.first
        }
    }

    package var array: [UInt32] {
        switch self {
        case .none: []
        case .one(let row): [row]
        case .many(let rows): rows
        }
    }

    package func forEach(_ body: (UInt32) -> Void) {
        switch self {
        case .none: break
        case .one(let row): body(row)
        case .many(let rows): rows.forEach(body)
        }
    }
}

extension RowList: Equatable {
    package static func == (left: RowList, right: RowList) -> Bool { left.array == right.array }
}

extension RowList: ExpressibleByArrayLiteral {
    package init(arrayLiteral rows: UInt32...) { self.init(rows) }
}
