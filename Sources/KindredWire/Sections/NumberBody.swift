import KindredDomain

/// The bodies of PING, PONG and WINDOW: one u64 at offset 8.
enum NumberBody {
    private static let fixedLength = 16

    static func decode(_ body: RawSpan) throws(RequestFailure) -> UInt64 {
        try EmptyBody.check(body, fixedLengthMin: fixedLength)
        return body.integer(at: 8, as: UInt64.self)
    }

    static func decode(request body: RawSpan) throws(RequestFailure) -> UInt64 {
        try EmptyBody.check(request: body, fixedLengthMin: fixedLength)
        return body.integer(at: 8, as: UInt64.self)
    }

    static func encode(_ value: UInt64, into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: fixedLength)
        writer.store(value, at: fixed + 8)
    }
}
