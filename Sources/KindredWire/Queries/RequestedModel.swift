/// The model and version that a request asks for, read from its body without decoding the rest.
///
/// Of a body that decodes, these are the model and version of the decoded request. A body that does not decode may give
/// anything or nothing, so the request must be decoded before a refusal is sent.
package struct RequestedModel: Equatable, Sendable {
    /// Where the bytes of the model's name lie in the body; nil where the request names no model.
    package let name: Range<Int>?
    /// 0: whichever version serves.
    package let version: UInt64

    /// Reads the body of a request of type `type`. Nil where no model answers that type, and where the body is too
    /// short.
    package init?(type: UInt8, body: RawSpan) {
        guard let versionOffset = Self.versionOffset(MessageType(rawValue: type)) else { return nil }
        guard body.byteCount >= versionOffset + 8 else { return nil }
        version = body.integer(at: versionOffset, as: UInt64.self)
        name = Self.name(in: body)
    }

    /// Where a request's fixed part has the version.
    private static func versionOffset(_ type: MessageType?) -> Int? {
        switch type {
        case .recommend, .score, .lookalike: 16
        case .getVectors, .filter: 8
        default: nil
        }
    }

    /// Tags ascend and the model's is the lowest, so its section is the first one.
    private static func name(in body: RawSpan) -> Range<Int>? {
        let section = Int(truncatingIfNeeded: body.integer(at: 0, as: UInt16.self))
        let start = section + SectionReader.headerByteCount
        guard start <= body.byteCount else { return nil }
        guard body.integer(at: section, as: UInt16.self) == CommonTag.model else { return nil }
        let byteCount = Int(truncatingIfNeeded: body.integer(at: section + 4, as: UInt32.self))
        guard byteCount <= body.byteCount - start else { return nil }
        return start..<start + byteCount
    }
}
