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

/// HELLO_OK: who the server is and what it allows.
package struct HelloReply: Sendable, Equatable {
    package var minor: UInt16 = ProtocolVersion.minor
    /// Mask of the features granted.
    package var featuresGranted: UInt64 = 0
    /// The advertised limits; those that do not cross the wire have their standard values.
    package var limits: Limits
    package var serverName: String
    package var defaultModel: ModelName?

    package init(limits: Limits, serverName: String, defaultModel: ModelName?) {
        self.limits = limits
        self.serverName = serverName
        self.defaultModel = defaultModel
    }

    /// A further limit is one more line in `wideLimits` or `narrowLimits`, at an offset that is a multiple of its size
    /// beyond what is there, and this length a multiple of 8 that has room for it.
    private static let fixedLength = 184
    /// What the first servers send. The limits beyond what a server sends have their standard values.
    private static let fixedLengthMin = 120
    private enum Tag {
        static let serverName: UInt16 = 64
        static let defaultModel: UInt16 = 65
    }

    /// The u64 and u32 limits of the fixed part and where they stand.
    private static var wideLimits: [(offset: Int, limit: WritableKeyPath<Limits, UInt64>)] {
        [
            (16, \.seedsMax), (24, \.windowBytesDefault), (32, \.windowBytesMax),
            (136, \.listedIDsPerRequestMax), (144, \.streamBytesHeldMax),
            (152, \.connectionBytesHeldMax),
        ]
    }
    private static var narrowLimits: [(offset: Int, limit: WritableKeyPath<Limits, UInt32>)] {
        [
            (4, \.bodyBytesMax), (40, \.requestsInFlightMax), (44, \.queriesPerBatchMax), (48, \.kMax),
            (52, \.resultsPerRequestMax), (56, \.dimensionMax), (60, \.basketMembersMax),
            (64, \.excludedIDsMax), (68, \.candidatesMax), (72, \.vectorIDsMax),
            (76, \.vectorElementsPerRequestMax), (80, \.columnsPerRequestMax),
            (84, \.streamsPerConnectionMax),
            (88, \.dataBodyBytesMax), (92, \.timeoutMillisecondsMax), (96, \.idleMilliseconds),
            (100, \.streamProgressMilliseconds), (104, \.streamProgressBytesMin),
            (108, \.streamMillisecondsMax),
            (112, \.idBytesMax), (120, \.timeoutMillisecondsDefault), (124, \.queueMillisecondsMax),
            (128, \.pendingQueriesMax), (132, \.streamsMax), (160, \.frameProgressMilliseconds),
            (164, \.frameProgressBytesMin), (168, \.frameMilliseconds), (172, \.replyMilliseconds),
            (176, \.replyBytesMax),
        ]
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLengthMin)
        self.init(limits: .standard, serverName: "", defaultModel: nil)
        minor = body.integer(at: 2, as: UInt16.self)
        featuresGranted = body.integer(at: 8, as: UInt64.self)
        // No limit lies across a multiple of 8, which a fixed part ends at.
        for (offset, limit) in Self.wideLimits where offset < sections.fixedLength {
            limits[keyPath: limit] = body.integer(at: offset, as: UInt64.self)
        }
        for (offset, limit) in Self.narrowLimits where offset < sections.fixedLength {
            limits[keyPath: limit] = body.integer(at: offset, as: UInt32.self)
        }
        var name: Section?
        var model = NameSection()
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.serverName: name = sections.keep(section, as: .utf8)
            case Tag.defaultModel: model.take(section, &sections)
            default: try section.skip()
            }
        }
        if let name { serverName = try name.string(in: body).prefix(bytes: Int(limits.peerNameBytesMax)) }
        defaultModel = try NameSection.name(model.text(in: body))
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(minor, at: fixed + 2)
        writer.store(featuresGranted, at: fixed + 8)
        for (offset, limit) in Self.wideLimits { writer.store(limits[keyPath: limit], at: fixed + offset) }
        for (offset, limit) in Self.narrowLimits { writer.store(limits[keyPath: limit], at: fixed + offset) }
        writer.appendString(serverName, tag: Tag.serverName)
        if let defaultModel { writer.appendString(defaultModel.description, tag: Tag.defaultModel) }
    }
}
