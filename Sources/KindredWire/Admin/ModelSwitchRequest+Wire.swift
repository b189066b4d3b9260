import KindredDomain

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

    /// MODEL_ACTIVATE or MODEL_ROLLBACK, which the goal decides.
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
