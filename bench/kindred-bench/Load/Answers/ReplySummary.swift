import KindredWire

/// The version of an OK answer and the status of a failed query, read without decoding the answer.
struct ReplySummary {
    /// 0 for PING.
    let version: UInt64
    /// The status of the first failed query; nil without one.
    let failedStatus: UInt16?

    private static let versionOffset = 8
    private static let sectionHeaderByteCount = 8
    private static let statusesTag: UInt16 = 73

    /// Reads a frame with END. Malformed bodies count as no version and no failure; decoding the samples finds them.
    init(_ header: FrameHeader, _ body: RawSpan) {
        let type = header.type & ~MessageType.replyBit
        let hasVersion = type == MessageType.recommend.rawValue || type == MessageType.lookalike.rawValue
        guard hasVersion, body.byteCount >= Self.versionOffset + 8 else {
            version = 0
            failedStatus = nil
            return
        }
        version = Self.load(body, Self.versionOffset, UInt64.self)
        failedStatus = type == MessageType.recommend.rawValue ? Self.failedStatus(in: body) : nil
    }

    private static func failedStatus(in body: RawSpan) -> UInt16? {
        var offset = Int(load(body, 0, UInt16.self))
        while offset + sectionHeaderByteCount <= body.byteCount {
            let tag = load(body, offset, UInt16.self)
            let byteCount = Int(load(body, offset + 4, UInt32.self))
            let payload = offset + sectionHeaderByteCount
            guard tag <= statusesTag, byteCount <= body.byteCount - payload else { return nil }
            if tag == statusesTag {
                for index in stride(from: payload, to: payload + byteCount - 1, by: 2) {
                    let status = load(body, index, UInt16.self)
                    if status != StatusCode.ok.rawValue { return status }
                }
                return nil
            }
            offset = payload + (byteCount + 7) / 8 * 8
        }
        return nil
    }

    private static func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ body: RawSpan, _ offset: Int, _ type: T.Type
    ) -> T {
        T(littleEndian: body.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
