import KindredDomain

/// HELLO: the client's version, name and token.
package struct HelloRequest: Sendable, Equatable {
    package var minor: UInt16 = ProtocolVersion.minor
    /// Mask of the requested features. Version 1.0 has none.
    package var featuresWanted: UInt64 = 0
    /// For the server's log; cut to `Limits.peerNameBytesMax` bytes.
    package var clientName: String?
    /// For servers that ask for one.
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
        if let name {
            clientName = try name.string(in: body).prefix(bytes: Int(widening: limits.peerNameBytesMax))
        }
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

/// HELLO_OK: the server's version, name, limits and default model.
package struct HelloReply: Sendable, Equatable {
    package var minor: UInt16 = ProtocolVersion.minor
    /// Mask of the features granted.
    package var featuresGranted: UInt64 = 0
    /// The advertised limits. Limits that are not sent have their standard values.
    package var limits: Limits
    package var serverName: String
    /// The model of requests that name none; nil: there is none.
    package var defaultModel: ModelName?

    package init(limits: Limits, serverName: String, defaultModel: ModelName?) {
        self.limits = limits
        self.serverName = serverName
        self.defaultModel = defaultModel
    }

    /// To add a limit, add a line to `wideLimits` or `narrowLimits`, at a free offset that is a multiple of its size,
    /// and raise this length to a multiple of 8 that includes it.
    private static let fixedLength = 216
    /// The length that the first servers send. Limits beyond a server's length have their standard values.
    private static let fixedLengthMin = 120
    private enum Tag {
        static let serverName: UInt16 = 64
        static let defaultModel: UInt16 = 65
    }

    /// The u64 and u32 limits of the fixed part and their offsets.
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
            (176, \.replyBytesMax), (184, \.filterBytesMax), (188, \.filterNodesMax), (192, \.filterDepthMax),
            (196, \.filterValuesMax), (200, \.boostsMax), (204, \.capsMax), (208, \.poolMax),
        ]
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLengthMin)
        self.init(limits: .standard, serverName: "", defaultModel: nil)
        minor = body.integer(at: 2, as: UInt16.self)
        featuresGranted = body.integer(at: 8, as: UInt64.self)
        // A fixed part ends at a multiple of 8, and no limit crosses one.
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
        if let name {
            serverName = try name.string(in: body).prefix(bytes: Int(widening: limits.peerNameBytesMax))
        }
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
