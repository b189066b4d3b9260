import KindredDomain

/// A strict JSON parser (RFC 8259) for untrusted bytes: bounded depth, valid UTF-8, no duplicate members, no trailing
/// bytes except white space.
///
/// The project has its own parser because a manifest needs exact 64-bit integers and the detection of duplicate
/// members. Foundation's parsers provide neither.
package struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private var position = 0

    /// Parses a document. Throws at the first fault; `file` names the document in the failure.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) -> JSONValue {
        var parser = JSONParser(bytes: bytes, file: file)
        let value = try parser.value(depth: 1)
        parser.skipSpace()
        if parser.position < bytes.count { throw parser.failure(wanted: "the end of the document") }
        return value
    }

    private init(bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    private func failure(wanted: String) -> FileFailure {
        let found =
            position < bytes.count ? "byte 0x\(String(bytes[position], radix: 16))" : "the end of the file"
        return FileFailure(file: file, field: "JSON at byte \(position)", found: found, wanted: wanted)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(FileFailure) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"):
            return try object(depth: depth)
        case UInt8(ascii: "["):
            return try array(depth: depth)
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "t"):
            return try word("true", .bool(true))
        case UInt8(ascii: "f"):
            return try word("false", .bool(false))
        case UInt8(ascii: "n"):
            return try word("null", .null)
        default:
            return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(FileFailure) -> JSONValue {
        for byte in word.utf8 where !take(byte) { throw failure(wanted: word) }
        return value
    }

    private func checkDepth(_ depth: Int) throws(FileFailure) {
        if depth > Limits.jsonDepthMax {
            throw FileFailure(
                file: file, field: "JSON nesting at byte \(position)", found: "\(depth)",
                wanted: "at most \(Limits.jsonDepthMax)")
        }
    }

    private mutating func object(depth: Int) throws(FileFailure) -> JSONValue {
        try checkDepth(depth)
        position += 1
        var members: [JSONMember] = []
        var names: Set<[UInt8]> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure(wanted: "a member's name") }
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else {
                throw FileFailure(
                    file: file, field: "JSON before byte \(position)",
                    found: "a second member \(FileFailure.quoted(name))", wanted: "each member once")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure(wanted: "a colon") }
            members.append(JSONMember(name, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw failure(wanted: "a comma or }") }
        }
    }

    private mutating func array(depth: Int) throws(FileFailure) -> JSONValue {
        try checkDepth(depth)
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw failure(wanted: "a comma or ]") }
        }
    }

    private mutating func number() throws(FileFailure) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(FileFailure) {
        let start = position
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        if position == start { throw failure(wanted: "a value or a digit") }
    }

    private mutating func string() throws(FileFailure) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw FileFailure(
                        file: file, field: "JSON string before byte \(position)", found: "invalid UTF-8",
                        wanted: "UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &content)
            case 0..<0x20:
                throw failure(wanted: "an escape, since control characters may not stand in a string")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw failure(wanted: "the end of a string")
    }

    private mutating func escape(into content: inout [UInt8]) throws(FileFailure) {
        guard let byte = next else { throw failure(wanted: "an escape") }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            try unicodeEscape(into: &content)
            return
        default: throw failure(wanted: "one of \" \\ / b f n r t u")
        }
        position += 1
    }

    private mutating func unicodeEscape(into content: inout [UInt8]) throws(FileFailure) {
        var code = UInt32(try fourHexDigits())
        if code >= 0xD800, code < 0xDC00 {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                throw failure(wanted: "the second half of a surrogate pair")
            }
            let low = UInt32(try fourHexDigits())
            guard low >= 0xDC00, low < 0xE000 else { throw failure(wanted: "a low surrogate before here") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code), let encoded = UTF8.encode(scalar) else {
            throw failure(wanted: "a Unicode scalar before here")
        }
        content.append(contentsOf: encoded)
    }

    private mutating func fourHexDigits() throws(FileFailure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = HexText.digit(byte) else {
                throw failure(wanted: "four hex digits")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
