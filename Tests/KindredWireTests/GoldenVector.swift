import KindredWire
import Testing

/// One frame or preface of `proto-spec/vectors`.
struct GoldenVector: CustomTestStringConvertible, Sendable {
    let name: String
    let direction: String
    let message: String
    let kind: String
    let layer: String
    let status: String?
    let detail: String?
    let value: UInt64?
    let limit: UInt64?
    let refusal: String?
    let isCanonical: Bool
    let decoded: JSONValue?
    let follows: String?
    /// True for the first frame after the client's preface.
    let isFirst: Bool
    let bytes: [UInt8]

    var testDescription: String { name }

    init(_ json: JSONValue) throws {
        name = try #require(json["name"]?.text)
        direction = try #require(json["direction"]?.text)
        message = try #require(json["message"]?.text)
        kind = try #require(json["kind"]?.text)
        layer = json["layer"]?.text ?? ""
        status = json["status"]?.text
        detail = json["detail"]?.text
        value = json["value"]?.number
        limit = json["limit"]?.number
        refusal = json["refusal"]?.text
        isCanonical = json["canonical"]?.bool ?? false
        decoded = json["decoded"]
        follows = json["follows"]?.text
        isFirst = direction == "client" && json["before"]?.list?.isEmpty ?? false
        let digits = Array(try #require(json["hex"]?.text).utf8)
        bytes = stride(from: 0, to: digits.count, by: 2).map {
            Self.nibble(digits[$0]) << 4 | Self.nibble(digits[$0 + 1])
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8 {
        digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
    }

    static let valid = load("vectors/valid.json")
    static let invalid = load("vectors/invalid.json")

    private static func load(_ name: String) -> [GoldenVector] {
        do {
            let vectors = try #require(try JSONValue.read(name)["vectors"]?.list)
            return try vectors.map { try GoldenVector($0) }
        } catch {
            Issue.record("\(name): \(error)")
            return []
        }
    }

    /// The header, which must be valid.
    func header(bodyBytesMax: UInt32 = .max) throws(ConnectionFailure) -> FrameHeader {
        try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: bodyBytesMax)
    }

    var body: [UInt8] { Array(bytes.dropFirst(FrameHeader.byteCount)) }
}
