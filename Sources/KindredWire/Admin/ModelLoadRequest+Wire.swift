import KindredDomain

extension ModelLoadRequest {
    private static let fixedLength = 16

    init(decoding body: RawSpan) throws(RequestFailure) {
        let model = try EmptyBody.model(ofRequest: body, fixedLengthMin: Self.fixedLength)
        self.init(model: model, version: body.integer(at: 8, as: UInt64.self))
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(version, at: fixed + 8)
        writer.appendModel(model)
    }
}
