import KindredModel
import KindredSystem

/// Writes the front of a safetensors file; the tensors' data follows in the same order without gaps.
struct SafetensorsWriter {
    /// One tensor to come.
    struct Tensor {
        let name: String
        let type: TensorType
        let shape: [Int]

        var byteCount: Int { shape.reduce(type.byteCount, *) }
    }

    /// The first tensor begins at a multiple of this: a cache line, and what vector loads like best.
    static let alignment = 64

    /// The byte count, the JSON and its padding.
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
        // The format allows spaces after the JSON, and nothing anywhere else.
        while (8 + json.count) % alignment != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }
}
