import KindredDomain
import KindredSystem

/// The rule for text ids: valid UTF-8, 1 to 256 bytes, any characters.
package enum TextIDRule {
    /// Throws unless `id` obeys the rule. `file` and `field` name its place in the failure.
    package static func check(
        _ id: UnsafeRawBufferPointer, file: String, field: @autoclosure () -> String
    ) throws(FileFailure) {
        guard id.count >= 1, id.count <= Int(Limits.standard.idBytesMax) else {
            throw FileFailure(
                file: file, field: field(), found: "\(id.count) bytes",
                wanted: "1 to \(Limits.standard.idBytesMax) bytes")
        }
        guard isUTF8(id) else {
            throw FileFailure(file: file, field: field(), found: shown(id), wanted: "valid UTF-8")
        }
    }

    /// Whether the bytes are valid UTF-8.
    package static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Most ids are ASCII, so eight bytes at a time are tested before the validator is called.
        var high: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            high |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            high |= UInt64(bytes[index])
            index += 1
        }
        if high & 0x8080_8080_8080_8080 == 0 { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }

    /// A text id, quoted and escaped for a message.
    package static func shown(_ id: some Collection<UInt8>) -> String {
        FileFailure.quoted(String(decoding: id, as: UTF8.self))
    }

    /// An id of either kind for a message; a text is quoted and escaped.
    package static func shown(_ id: ExternalID) -> String {
        switch id {
        case .number(let value): "\(value)"
        case .text(let bytes): shown(bytes)
        }
    }
}
