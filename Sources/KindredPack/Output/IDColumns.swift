import KindredModel

/// The ids of one side in stored order, as the tensors of a safetensors file.
struct IDColumns {
    /// What the header says of them, in the order they are written.
    let tensors: [SafetensorsWriter.Tensor]
    private let words: [UInt64]
    private let text: [UInt8]

    init(_ ids: InputIDs, _ order: RowOrder) {
        switch ids {
        case .numbers(let numbers):
            words = order.rows.map { numbers[Int($0)] }
            text = []
            tensors = [.init(name: ModelFiles.numbersTensor, type: .u64, shape: [words.count])]
        case .text(let region, let ranges):
            var words: [UInt64] = [0]
            var text: [UInt8] = []
            words.reserveCapacity(ranges.count + 1)
            text.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
            for row in order.rows {
                text.append(contentsOf: region.bytes[ranges[Int(row)]])
                words.append(UInt64(text.count))
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
        var failure: PackFailure?
        words.withUnsafeBytes { bytes in
            do throws(PackFailure) { try file.write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.write(text)
    }
}
