import KindredModel
import KindredSystem
import Testing
import TestSupport

@Suite struct SafetensorsHeaderTests {
    private func parse(_ json: String, dataByteCount: Int) throws -> SafetensorsHeader {
        let text = Array(json.utf8)
        let bytes = NpyBytes.bytes(UInt64(text.count)) + text + [UInt8](repeating: 0, count: dataByteCount)
        return try bytes.withUnsafeBytes { try SafetensorsHeader.parse($0, file: "test") }
    }

    @Test func anyOrderAndAlignment() throws {
        let header = try parse(
            #"{"b":{"dtype":"F32","shape":[1,2],"data_offsets":[3,11]},"#
                + #""a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}   "#,
            dataByteCount: 11)
        #expect(header.tensors.map(\.name) == ["a", "b"])
        #expect(header.tensor("b")?.range.count == 8)
    }

    @Test(arguments: [
        // A gap, an overlap, bytes left over, bytes missing.
        #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}"#,
        #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
        #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#,
        #"{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}"#,
        // Shapes that do not fit their bytes, or any integer.
        #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,18446744073709551615]}}"#,
        #"{"a":{"dtype":"U8","shape":4,"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}"#,
        #"{"a":[],"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
        #"{"__metadata__":{"a":1},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
        #" {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
    ]) func refused(_ json: String) {
        #expect(throws: FileFailure.self) { try parse(json, dataByteCount: 4) }
    }

    @Test func wrongHeaderLengthsAreRefused() {
        for claimed in [0, 1, 3, 1 << 20, 1 << 40, UInt64.max] {
            let bytes = NpyBytes.bytes(claimed) + Array("{}".utf8)
            #expect(throws: FileFailure.self) {
                try bytes.withUnsafeBytes { try SafetensorsHeader.parse($0, file: "test") }
            }
        }
    }

    @Test func tensorsHaveALimit() throws {
        func header(_ count: Int) -> String {
            let tensors = (0..<count).map {
                "\"t\($0)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}"
            }
            return "{" + tensors.joined(separator: ",") + "}"
        }
        #expect(try parse(header(64), dataByteCount: 64).tensors.count == 64)
        #expect(throws: FileFailure.self) { try parse(header(65), dataByteCount: 65) }
    }
}
