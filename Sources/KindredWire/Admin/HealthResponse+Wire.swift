import KindredDomain

extension HealthResponse {
    private static let fixedLength = 8

    init(decoding body: RawSpan) throws(RequestFailure) {
        try EmptyBody.check(body, fixedLengthMin: Self.fixedLength)
        // A state that a newer server may add is not one in which it serves.
        let state = State(rawValue: body.integer(at: 2, as: UInt8.self)) ?? .notReady
        self.init(state: state, modelsReady: body.integer(at: 4, as: UInt32.self))
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(state.rawValue, at: fixed + 2)
        writer.store(modelsReady, at: fixed + 4)
    }
}
