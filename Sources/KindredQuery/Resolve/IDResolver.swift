import KindredDomain
import KindredModel

/// Maps external ids to rows of one table. The only place where the two kinds of ids meet.
package struct IDResolver {
    package let table: VectorTable

    package init(table: VectorTable) { self.table = table }

    /// The row of an id, or nil where the table does not have it.
    ///
    /// A text that is a plain decimal number finds a numeric id; a numeric table has no other text. A number is not
    /// looked up in a table of texts: that is INVALID_ARGUMENT, not an unknown id.
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
