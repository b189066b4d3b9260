import KindredDomain

/// HELLO: who the client is and what it wants.
package struct HelloRequest: Sendable, Equatable {
    package var minor: UInt16 = ProtocolVersion.minor
    /// Mask of the features wanted; version 1.0 has none.
    package var featuresWanted: UInt64 = 0
    /// For the server's log; cut to `Limits.peerNameBytesMax` bytes.
    package var clientName: String?
    package var token: [UInt8]?

    package init(clientName: String? = nil, token: [UInt8]? = nil) {
        self.clientName = clientName
        self.token = token
    }

    private static let fixedLength = 16
    private enum Tag {
        static let clientName: UInt16 = 64
        static let token: UInt16 = 65
    }

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: Self.fixedLength)
        minor = body.integer(at: 2, as: UInt16.self)
        featuresWanted = body.integer(at: 8, as: UInt64.self)
        var name: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.clientName: name = sections.keep(section, as: .utf8)
            case Tag.token: token = sections.keep(section, as: .bytes).elements(of: UInt8.self, in: body)
            default: try section.skip()
            }
        }
        if let name { clientName = try name.string(in: body).prefix(bytes: Int(limits.peerNameBytesMax)) }
        _ = try sections.modelName()
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(minor, at: fixed + 2)
        writer.store(featuresWanted, at: fixed + 8)
        if let clientName { writer.appendString(clientName, tag: Tag.clientName) }
        if let token {
            token.withUnsafeBytes { writer.appendSection($0, tag: Tag.token, type: .bytes) }
        }
    }
}
