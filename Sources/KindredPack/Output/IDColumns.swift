import KindredDomain
import KindredModel
import KindredSystem

/// The ids of one side in stored order, as the tensors of a safetensors file.
struct IDColumns {
    /// The tensors of the header, in the order in which `write` writes their data.
    let tensors: [SafetensorsWriter.Tensor]
    private let kind: IDKind
    private let words: [UInt64]
    private let text: [UInt8]

    init(_ ids: InputIDs, _ order: RowOrder) {
        kind = ids.kind
        switch ids {
        case .numbers(let numbers):
            words = order.rows.map { numbers[Int($0)] }
            text = []
            tensors = [.init(name: ModelFiles.numbersTensor, type: .u64, shape: [words.count])]
        case .text(let bytes, let ranges):
            var words: [UInt64] = [0]
            var text: [UInt8] = []
            words.reserveCapacity(ranges.count + 1)
            text.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
            bytes.withElements { bytes in
                for row in order.rows {
                    text.append(contentsOf: bytes[ranges[Int(row)]])
                    words.append(UInt64(text.count))
                }
            }
            self.words = words
            self.text = text
            tensors = [
                .init(name: ModelFiles.offsetsTensor, type: .u64, shape: [words.count]),
                .init(name: ModelFiles.bytesTensor, type: .u8, shape: [text.count]),
            ]
        }
    }

    /// Writes the data of all tensors.
    func write(to file: inout WritableFile) throws(PackFailure) {
        try words.withUnsafeBufferPointer { (words) throws(PackFailure) in
            try file.write(UnsafeRawBufferPointer(words))
        }
        try file.write(text)
    }

    /// The ids as a table, which `file` names in failures. Throws without memory.
    func table(file: String) throws(FileFailure) -> IDTable {
        try IDTable(
            kind: kind, count: kind == .number ? words.count : words.count - 1,
            words: RegionColumn(try MemoryRegion.copy(of: words, for: file)),
            text: RegionColumn(try MemoryRegion.copy(of: text, for: file)), file: file)
    }
}
