import KindredModel
import KindredSystem

/// Encodes the header of a safetensors file. The tensors' data follows in the same order without gaps.
struct SafetensorsWriter {
    /// A tensor whose data follows the header.
    struct Tensor {
        let name: String
        let type: TensorType
        let shape: [Int]

        var byteCount: Int { shape.reduce(type.byteCount, *) }
    }

    /// The first tensor begins at a multiple of this: a cache line, so that vector loads are aligned.
    static let alignment = 64

    /// The bytes before the data: the byte count, the JSON and its padding.
    static func front(tensors: [Tensor], metadata: [(name: String, value: String)]) -> [UInt8] {
        var members = [
            JSONMember("__metadata__", .object(metadata.map { JSONMember($0.name, .string($0.value)) }))
        ]
        var begin = 0
        for tensor in tensors {
            let end = begin + tensor.byteCount
            members.append(
                JSONMember(
                    tensor.name,
                    .object([
                        JSONMember("dtype", .string(tensor.type.rawValue)),
                        JSONMember("shape", .array(tensor.shape.map { .integer($0) })),
                        JSONMember("data_offsets", .array([.integer(begin), .integer(end)])),
                    ])))
            begin = end
        }
        var json = Array(JSONWriter.compact(.object(members)).utf8)
        // The format allows padding only as spaces after the JSON.
        while (8 + json.count) % alignment != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }
}
