/// How a catalog table stores its ids, so that `id` compares as in SQLite.
///
/// The number 7 of a model may be the text `7` of its catalog, and the other way round.
package struct CatalogIDs: Sendable, Equatable {
    package enum Storage: Sendable, Equatable {
        case integers
        case texts
        /// The rows of the bitmap have an integer, the other entries a text.
        case mixed(integers: Bitmap)
    }

    package let declaration: ColumnDeclaration
    package let storage: Storage

    package init(_ declaration: ColumnDeclaration, storage: Storage) {
        self.declaration = declaration
        self.storage = storage
    }

    /// Whether the entry of a row has an integer. Has a meaning only where the row has an entry.
    package func isInteger(row: Int) -> Bool {
        switch storage {
        case .integers: true
        case .texts: false
        case .mixed(let integers): integers[row]
        }
    }

    /// The stored value of a row's entry, whose id in the model is `id`. Nil where the id spells no such value.
    package func value(row: Int, id: ExternalID) -> AttributeValue? {
        guard isInteger(row: row) else {
            switch id {
            case .number(let number): return .text(Array(String(number).utf8))
            case .text(let bytes): return .text(bytes)
            }
        }
        switch id {
        case .number(let number): return Int64(exactly: number).map(AttributeValue.integer)
        case .text(let bytes):
            return Int64(String(decoding: bytes, as: UTF8.self)).map(AttributeValue.integer)
        }
    }
}

/// The ids of a side's rows, as a filter reads them. Row r has the r-th smallest one.
package protocol RowIDs: Sendable {
    var kind: IDKind { get }
    /// The id of a row.
    func id(ofRow row: UInt32) -> ExternalID
}

extension IDList: RowIDs {
    package func id(ofRow row: UInt32) -> ExternalID { self[Int(row)] }
}
