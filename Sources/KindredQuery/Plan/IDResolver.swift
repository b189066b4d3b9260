import KindredDomain
import KindredModel

/// External ids to rows of one table. The only place where the two kinds of ids meet.
package struct IDResolver {
    package let table: VectorTable

    package init(table: VectorTable) { self.table = table }

    /// The row of an id, or nil where the table does not have it.
    ///
    /// A text that is a plain decimal finds a numeric id; any other text is in no numeric table. A number asked
    /// of a table of texts is a mistake of the caller, not an unknown id.
    package func row(_ ids: IDList, _ index: Int) throws(RequestFailure) -> UInt32? {
        switch (ids, table.ids.kind) {
        case (.numbers(let values), .number):
            return table.ids.row(ofNumber: values[index])
        case (.text(let list), let kind):
            let range = Int(list.offsets[index])..<Int(list.offsets[index + 1])
            return list.bytes.withUnsafeBytes { bytes in
                let text = UnsafeRawBufferPointer(rebasing: bytes[range])
                return switch kind {
                case .text: table.ids.row(ofText: text)
                case .number: ExternalID.plainDecimal(text).flatMap { table.ids.row(ofNumber: $0) }
                }
            }
        case (.numbers(let values), .text):
            throw .invalidArgument(.numberForTextIDs(values[index], table.side))
        }
    }
}
