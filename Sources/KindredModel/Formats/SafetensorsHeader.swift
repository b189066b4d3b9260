import KindredDomain
import KindredSystem

/// The header of a safetensors file.
///
/// A file is a little-endian U64 byte count, that many bytes of JSON (padded with spaces), and the tensors' data. The
/// tensors cover the data without gaps or overlaps, in any order and at any alignment.
package struct SafetensorsHeader: Sendable, Equatable {
    /// One tensor: its element type, its shape, and its place in the file.
    package struct Tensor: Sendable, Equatable {
        package let name: String
        package let type: TensorType
        package let shape: [Int]
        /// The bytes of its elements, counted from the begin of the file.
        package let range: Range<Int>

        /// Type and shape for messages, such as `F32 [3, 4]`.
        package var summary: String { "\(type.rawValue) \(shape)" }
    }

    /// The tensors in the order of their data.
    package let tensors: [Tensor]
    /// The members of `__metadata__` in the file's order.
    package let metadata: [(name: String, value: String)]

    package static func == (left: SafetensorsHeader, right: SafetensorsHeader) -> Bool {
        left.tensors == right.tensors && left.metadata.elementsEqual(right.metadata, by: ==)
    }

    /// The tensor of a name; nil if there is none.
    package func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name } }

    /// The metadata of a name; nil if there is none.
    package func metadata(_ name: String) -> String? { metadata.first { $0.name == name }?.value }

    /// The tensor of a name and type. Throws if it is absent or of another type.
    package func tensor(
        _ name: String, _ type: TensorType, file: String
    ) throws(FileFailure) -> Tensor {
        guard let tensor = tensor(name) else {
            let names = tensors.prefix(8).map { FileFailure.quoted($0.name) }.joined(separator: ", ")
            throw FileFailure(
                file: file, field: "tensors", found: names.isEmpty ? "none" : names,
                wanted: "one named \"\(name)\"")
        }
        guard tensor.type == type else {
            throw FileFailure(
                file: file, field: "the type of \(name)", found: tensor.type.rawValue, wanted: type.rawValue)
        }
        return tensor
    }

    /// Reads the header of an open file. Throws if it breaks a rule of the format or a limit.
    package static func read(_ file: borrowing ReadableFile) throws(FileFailure) -> SafetensorsHeader {
        let name = file.name
        let prefix = try file.bytes(at: 0, count: min(8, file.byteCount))
        let count = try jsonByteCount(prefix: prefix, fileByteCount: file.byteCount, file: name)
        let json = try file.bytes(at: 8, count: count)
        let byteCount = file.byteCount
        return try json.withUnsafeBufferPointer { (json) throws(FileFailure) in
            try SafetensorsHeader(
                json: UnsafeRawBufferPointer(json), fileByteCount: byteCount, file: name)
        }
    }

    /// Parses the header of a file that is in memory. Throws if it breaks a rule of the format or a limit.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) -> SafetensorsHeader {
        let count = try jsonByteCount(prefix: Array(bytes.prefix(8)), fileByteCount: bytes.count, file: file)
        return try SafetensorsHeader(
            json: UnsafeRawBufferPointer(rebasing: bytes[8..<8 + count]), fileByteCount: bytes.count,
            file: file)
    }

    private static func jsonByteCount(
        prefix: [UInt8], fileByteCount: Int, file: String
    ) throws(FileFailure) -> Int {
        guard prefix.count == 8 else {
            throw FileFailure(
                file: file, field: "byte count", found: "\(fileByteCount)", wanted: "at least 8")
        }
        let claimed = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard claimed >= 2, claimed <= Limits.safetensorsHeaderBytesMax, claimed <= UInt64(fileByteCount - 8)
        else {
            throw FileFailure(
                file: file, field: "header byte count", found: "\(claimed)",
                wanted: "2...\(min(Limits.safetensorsHeaderBytesMax, UInt64(fileByteCount - 8)))")
        }
        return Int(claimed)
    }

    private init(
        json: UnsafeRawBufferPointer, fileByteCount: Int, file: String
    ) throws(FileFailure) {
        guard json.first == UInt8(ascii: "{"),
            case .object(let members) = try JSONParser.parse(json, file: file)
        else {
            throw FileFailure(
                file: file, field: "header", found: "no object", wanted: "a JSON object from byte 8 on")
        }
        var tensors: [Tensor] = []
        var metadata: [(name: String, value: String)] = []
        let dataStart = 8 + json.count
        for member in members {
            if member.name == "__metadata__" {
                metadata = try Self.metadata(member.value, file: file)
                continue
            }
            guard tensors.count < Limits.safetensorsTensorsMax else {
                throw FileFailure(
                    file: file, field: "number of tensors", found: "\(members.count)",
                    wanted: "at most \(Limits.safetensorsTensorsMax)")
            }
            tensors.append(
                try Self.tensor(
                    member, dataStart: dataStart, dataByteCount: fileByteCount - dataStart, file: file))
        }
        tensors.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = dataStart
        for tensor in tensors {
            guard tensor.range.lowerBound == end else {
                throw FileFailure(
                    file: file, field: "the begin of \(FileFailure.quoted(tensor.name))",
                    found: "\(tensor.range.lowerBound - dataStart)",
                    wanted: "\(end - dataStart), the end of the tensor before it")
            }
            end = tensor.range.upperBound
        }
        guard end == fileByteCount else {
            throw FileFailure(
                file: file, field: "the end of the last tensor", found: "\(end - dataStart)",
                wanted: "\(fileByteCount - dataStart), the end of the data")
        }
        self.tensors = tensors
        self.metadata = metadata
    }

    private static func metadata(
        _ value: JSONValue, file: String
    ) throws(FileFailure) -> [(name: String, value: String)] {
        guard case .object(let members) = value else {
            throw FileFailure(
                file: file, field: "__metadata__", found: value.summary, wanted: "an object of strings")
        }
        var result: [(name: String, value: String)] = []
        for member in members {
            guard let text = member.value.text else {
                throw FileFailure(
                    file: file, field: "__metadata__.\(member.name)", found: member.value.summary,
                    wanted: "a string")
            }
            result.append((member.name, text))
        }
        return result
    }

    private static func tensor(
        _ member: JSONMember, dataStart: Int, dataByteCount: Int, file: String
    ) throws(FileFailure) -> Tensor {
        let name = FileFailure.quoted(member.name)
        func failure(_ field: String, _ found: JSONValue?, _ wanted: String) -> FileFailure {
            FileFailure(
                file: file, field: "\(field) of \(name)", found: found?.summary ?? "absent", wanted: wanted)
        }
        guard let typeName = member.value.member("dtype")?.text, let type = TensorType(rawValue: typeName)
        else {
            let known = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure("dtype", member.value.member("dtype"), "one of \(known)")
        }
        guard case .array(let extents)? = member.value.member("shape"), extents.count <= 8 else {
            throw failure("shape", member.value.member("shape"), "an array of at most 8 numbers")
        }
        var shape: [Int] = []
        var byteCount = type.byteCount
        for extent in extents {
            guard let wide = extent.unsigned, let value = Int(exactly: wide) else {
                throw failure("shape", extent, "whole numbers of at most 63 bits")
            }
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: value)
            guard !overflow else { throw failure("shape", extent, "a product that fits 63 bits") }
            shape.append(value)
            byteCount = product
        }
        guard case .array(let offsets)? = member.value.member("data_offsets"), offsets.count == 2,
            let begin = offsets[0].unsigned, let end = offsets[1].unsigned
        else {
            throw failure("data_offsets", member.value.member("data_offsets"), "[begin, end]")
        }
        guard begin <= end, end <= UInt64(dataByteCount) else {
            throw failure(
                "data_offsets", .string("[\(begin), \(end)]"),
                "ascending, within \(dataByteCount) bytes of data")
        }
        guard end - begin == UInt64(byteCount) else {
            throw failure(
                "data_offsets", .string("[\(begin), \(end)]"),
                "\(byteCount) bytes, as \(typeName) \(shape) takes")
        }
        return Tensor(
            name: member.name, type: type, shape: shape, range: dataStart + Int(begin)..<dataStart + Int(end))
    }
}

/// The element types of a safetensors file that take whole bytes.
package enum TensorType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case f8e5m2 = "F8_E5M2"
    case f8e4m3 = "F8_E4M3"
    case u16 = "U16"
    case i16 = "I16"
    case f16 = "F16"
    case bf16 = "BF16"
    case u32 = "U32"
    case i32 = "I32"
    case f32 = "F32"
    case u64 = "U64"
    case i64 = "I64"
    case f64 = "F64"
    case c64 = "C64"

    /// Bytes of one element.
    package var byteCount: Int {
        switch self {
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3: 1
        case .u16, .i16, .f16, .bf16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64, .c64: 8
        }
    }
}
