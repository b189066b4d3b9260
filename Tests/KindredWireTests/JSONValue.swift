import Foundation

/// A JSON document in a form that tests can compare. An integer is its decimal text, since the golden vectors write
/// integers above 2^53 as strings. A float is its bit pattern in hex.
enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case text(String)
    case real(Double)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .text(String(value))
        } else if let value = try? container.decode(Int64.self) {
            self = .text(String(value))
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode(Double.self) {
            self = .real(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            let value = try container.decode([String: JSONValue].self)
            self =
                if case .text(let bits) = value["bits"], value.count == 2 { .text(bits) } else {
                    .object(value)
                }
        }
    }

    static func read(_ name: String, file: String = #filePath) throws -> JSONValue {
        let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "proto-spec").appending(path: name))
        return try JSONDecoder().decode(JSONValue.self, from: data)
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }
    var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    var number: UInt64? { text.flatMap { UInt64($0) } }

    static func number(_ value: some BinaryInteger) -> JSONValue { .text(String(value)) }
    static func bits(_ value: Float) -> JSONValue { .text(hex(UInt64(value.bitPattern), digits: 8)) }
    static func bits(_ value: Double) -> JSONValue { .text(hex(value.bitPattern, digits: 16)) }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
