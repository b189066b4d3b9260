public import KindredDomain

extension KindredClient {
    /// The users who are most like the seeds, as a stream.
    ///
    /// Returns when all seeds have been sent; they are sent in chunks as they are produced. The first read of the
    /// stream throws the server's error, if any. At most 10,000,000 seeds.
    ///
    /// ```swift
    /// let seeds: [ExternalID] = ["12347", "12348"]
    /// let audience = try await client.lookalike(seeds: seeds, size: .share(partsPerMillion: 10_000))
    /// for try await chunk in audience { print(chunk.ids.count) }
    /// print(try await audience.summary().seedsMatched)
    /// ```
    public func lookalike(
        seeds: some Sequence<ExternalID> & Sendable, size: AudienceSize,
        options: LookalikeOptions = LookalikeOptions()
    ) async throws(KindredError) -> AudienceStream {
        var upload = try await open(size, options)
        for seed in seeds {
            guard await upload.append(seed) else { break }
        }
        await upload.finish()
        return AudienceStream(upload.handle)
    }

    /// The users who are most like the seeds of an asynchronous sequence, as a stream.
    ///
    /// As `lookalike` of a sequence. An error that the seeds throw cancels the request and is thrown again.
    ///
    /// ```swift
    /// let (seeds, continuation) = AsyncStream.makeStream(of: ExternalID.self)
    /// // Elsewhere: continuation.yield("12347"), and at the end continuation.finish().
    /// let audience = try await client.lookalike(seeds: seeds, size: .count(1_000))
    /// ```
    public func lookalike<Seeds: AsyncSequence & Sendable>(
        seeds: Seeds, size: AudienceSize, options: LookalikeOptions = LookalikeOptions()
    ) async throws -> AudienceStream where Seeds.Element == ExternalID {
        var upload = try await open(size, options)
        for try await seed in seeds {
            guard await upload.append(seed) else { break }
        }
        await upload.finish()
        return AudienceStream(upload.handle)
    }

    private func open(_ size: AudienceSize, _ options: LookalikeOptions) async throws(KindredError)
        -> SeedUpload
    {
        let deadline = deadline(options.call.timeout)
        let connection = try await connection(by: deadline)
        var request = LookalikeRequest(size: size)
        request.model = options.call.model
        request.version = options.call.version
        request.similarity = options.similarity
        request.includesSeeds = options.includesSeeds
        request.wantsScores = options.wantsScores
        // At least one DATA body. 0 would leave the size of the window to the server.
        let least = UInt64(connection.limits.dataBodyBytesMax)
        request.windowBytes = Swift.min(
            Swift.max(configuration.windowBytes, least), connection.limits.windowBytesMax)
        return SeedUpload(handle: try connection.open(request, seedsFollow: true, deadline: deadline))
    }
}

/// Collects seeds into DATA frames and sends them.
private struct SeedUpload {
    let handle: StreamHandle
    private var seeds: [ExternalID] = []
    private var byteCount = 0
    private var sent: UInt64 = 0

    init(handle: StreamHandle) { self.handle = handle }

    /// Adds one seed; false: the server takes no more.
    mutating func append(_ seed: ExternalID) async -> Bool {
        // A number in a chunk of both kinds is sent as text: 20 digits and an offset.
        let bytes =
            switch seed {
            case .number: 24
            case .text(let text): text.count + 4
            }
        if byteCount + bytes > handle.dataBodyBytesMax - 128, !seeds.isEmpty {
            guard await send(isEnd: false) else { return false }
        }
        seeds.append(seed)
        byteCount += bytes
        return true
    }

    /// Sends the last seeds and ends the upload.
    mutating func finish() async { _ = await send(isEnd: true) }

    private mutating func send(isEnd: Bool) async -> Bool {
        let chunk = AudienceRows(firstRow: sent, ids: IDList(seeds), scores: [])
        sent += UInt64(seeds.count)
        seeds.removeAll(keepingCapacity: true)
        byteCount = 0
        return await handle.send(chunk, isEnd: isEnd)
    }
}
