import KindredDomain
import KindredSystem

/// The places of the ids in a safetensors file.
package struct IDTensors {
    /// Ids, 1 to `Limits.rowsMax`.
    package let count: Int
    /// The bytes of the tensor `ids`, or of `id_offsets` for texts, counted from the begin of the file.
    package let words: Range<Int>
    /// The bytes of the tensor `id_bytes`; empty for numbers.
    package let text: Range<Int>

    /// Finds the id tensors of a kind. Throws if one is absent or has a wrong type or shape.
    package init(header: SafetensorsHeader, kind: IDKind, file: String) throws(FileFailure) {
        switch kind {
        case .number:
            let ids = try header.tensor(ModelFiles.numbersTensor, .u64, file: file)
            count = try Self.length(of: ids, atLeast: 1, file: file)
            words = ids.range
            text = 0..<0
        case .text:
            let offsets = try header.tensor(ModelFiles.offsetsTensor, .u64, file: file)
            let bytes = try header.tensor(ModelFiles.bytesTensor, .u8, file: file)
            count = try Self.length(of: offsets, atLeast: 2, file: file) - 1
            _ = try Self.length(of: bytes, atLeast: 1, file: file)
            words = offsets.range
            text = bytes.range
        }
        guard UInt64(count) <= Limits.rowsMax else {
            throw FileFailure(
                file: file, field: "number of ids", found: "\(count)", wanted: "at most \(Limits.rowsMax)")
        }
    }

    private static func length(
        of tensor: SafetensorsHeader.Tensor, atLeast least: Int, file: String
    ) throws(FileFailure) -> Int {
        guard tensor.shape.count == 1, tensor.shape[0] >= least else {
            throw FileFailure(
                file: file, field: "the shape of \(tensor.name)", found: "\(tensor.shape)",
                wanted: "one extent of at least \(least)")
        }
        return tensor.shape[0]
    }
}
