import KindredDomain

extension ModelSwitchResponse {
    private static let fixedLength = 32
    private static let notRememberedFlag: UInt16 = 1

    init(decoding body: RawSpan) throws(RequestFailure) {
        try EmptyBody.check(body, fixedLengthMin: Self.fixedLength)
        self.init(
            active: body.integer(at: 8, as: UInt64.self), previous: body.integer(at: 16, as: UInt64.self),
            pinned: body.integer(at: 24, as: UInt64.self),
            isRemembered: body.integer(at: 2, as: UInt16.self) & Self.notRememberedFlag == 0)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(isRemembered ? 0 : Self.notRememberedFlag, at: fixed + 2)
        writer.store(active, at: fixed + 8)
        writer.store(previous, at: fixed + 16)
        writer.store(pinned, at: fixed + 24)
    }
}
