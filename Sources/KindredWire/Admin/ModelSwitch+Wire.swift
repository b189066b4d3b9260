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

extension ModelSwitchRequest {
    private static let activateFixedLength = 24
    private static let rollbackFixedLength = 16

    init(decodingActivate body: RawSpan) throws(RequestFailure) {
        let model = try EmptyBody.model(ofRequest: body, fixedLengthMin: Self.activateFixedLength)
        let version = body.integer(at: 8, as: UInt64.self)
        self.init(
            model: model, goal: version == 0 ? .latest : .version(version),
            expectedActive: body.integer(at: 16, as: UInt64.self))
    }

    init(decodingRollback body: RawSpan) throws(RequestFailure) {
        let model = try EmptyBody.model(ofRequest: body, fixedLengthMin: Self.rollbackFixedLength)
        self.init(model: model, goal: .previous, expectedActive: body.integer(at: 8, as: UInt64.self))
    }

    /// MODEL_ACTIVATE or MODEL_ROLLBACK, as the goal decides.
    package var type: MessageType {
        switch goal {
        case .version, .latest: .modelActivate
        case .previous: .modelRollback
        }
    }

    func encode(into writer: inout ByteWriter) {
        switch goal {
        case .version(let version): encodeActivate(version, into: &writer)
        case .latest: encodeActivate(0, into: &writer)
        case .previous:
            let fixed = writer.beginBody(fixedLength: Self.rollbackFixedLength)
            writer.store(expectedActive, at: fixed + 8)
        }
        writer.appendModel(model)
    }

    private func encodeActivate(_ version: UInt64, into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.activateFixedLength)
        writer.store(version, at: fixed + 8)
        writer.store(expectedActive, at: fixed + 16)
    }
}

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
