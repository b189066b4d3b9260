public import KindredDomain
internal import KindredWire

extension KindredClient {
    /// The users most like the seeds, as a stream that begins when all seeds have been sent.
    ///
    /// Seeds are sent in chunks as they are produced. An error of the server is thrown by the stream's first
    /// read.
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

    /// The users most like the seeds, which may come from anywhere, as a stream.
    ///
    /// Rethrows what the seeds throw, after cancelling the request.
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
        // Never 0, which would leave the size of the window to the server, and at least one DATA body.
        let least = UInt64(connection.limits.dataBodyBytesMax)
        request.windowBytes = Swift.min(
            Swift.max(configuration.windowBytes, least), connection.limits.windowBytesMax)
        return SeedUpload(handle: try connection.open(request, seedsFollow: true, deadline: deadline))
    }
}

/// Seeds on their way: collected into DATA frames.
private struct SeedUpload {
    let handle: StreamHandle
    private var seeds: [ExternalID] = []
    private var byteCount = 0
    private var sent: UInt64 = 0

    init(handle: StreamHandle) { self.handle = handle }

    /// Takes one seed; false: the server takes no more.
    mutating func append(_ seed: ExternalID) async -> Bool {
        // A number may have to be written as text, where a chunk has both kinds: 20 digits and an offset.
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

    /// Sends what is left and says that it was all.
    mutating func finish() async { _ = await send(isEnd: true) }

    private mutating func send(isEnd: Bool) async -> Bool {
        let chunk = AudienceRows(firstRow: sent, ids: IDList(seeds), scores: [])
        sent += UInt64(seeds.count)
        seeds.removeAll(keepingCapacity: true)
        byteCount = 0
        return await handle.send(chunk, isEnd: isEnd)
    }
}
