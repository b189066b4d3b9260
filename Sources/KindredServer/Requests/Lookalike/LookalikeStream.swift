import KindredDomain
import KindredQuery
import KindredWire
import Synchronization

/// One look-alike expansion on its connection: seeds in, work in slices, rows out as far as the reader's window
/// and its socket allow.
final class LookalikeStream: LoopJob {
    private enum Phase {
        /// Seeds that have come and are not in the set yet, and how far that is.
        case seeding([IDList], next: Int)
        case expanding
        case streaming(Audience, next: Int)
        case ended
    }

    private let request: PendingRequest
    private var body: LookalikeRequest
    private let server: ServerContext
    private let limits: Limits
    private var reservedBytes: UInt64
    private var expansion: LookalikeExpansion?
    private var summary: LookalikeSummary
    private var phase = Phase.seeding([], next: 0)
    private var isQueued = false
    /// The work that other loops were last asked to help with.
    private var helped: (any SharedWork)?
    private var isPumping = false
    private(set) var seedsHaveEnded = false
    private var seedsReceived: UInt64 = 0
    /// Of seeds that were received and are not in the set yet.
    private var seedByteCount = 0
    private var checksum = AudienceChecksum()
    private var flow: StreamFlow

    /// Throws where the model has no users, the size makes no sense, or the process holds too many streams.
    init(
        _ request: PendingRequest, _ body: LookalikeRequest, _ generation: Generation, server: ServerContext,
        now: UInt64
    ) throws(RequestFailure) {
        self.request = request
        self.body = body
        self.server = server
        limits = server.limits
        flow = StreamFlow(windowBytes: body.windowBytes, limits: limits, now: now)
        let rule = SelectionRule(server.scan)
        expansion = try LookalikeExpansion(
            request: body, generation: generation, limits: limits, rule: rule)
        summary = LookalikeSummary(origin: AnswerOrigin(model: generation.name, version: generation.version))
        reservedBytes = LookalikeExpansion.byteCount(of: body, over: generation, rule: rule)
        guard server.streams.reserve(reservedBytes, limits: limits) else {
            phase = .ended
            throw .overloaded(retryAfterMilliseconds: 1_000)
        }
    }

    deinit { if case .ended = phase {} else { server.streams.release(reservedBytes) } }

    /// The greatest limit a reader may set now.
    var windowLimitMax: UInt64 { flow.windowLimitMax }

    /// Whether so many seeds wait to be looked up that no more are read meanwhile.
    var holdsManySeeds: Bool { seedByteCount > Int(limits.seedBytesHeldMax) }

    /// Whether nothing goes on until the peer sends seeds or takes rows.
    var waitsForPeer: Bool {
        switch phase {
        case .seeding(let lists, _): lists.isEmpty && !seedsHaveEnded
        case .expanding: false
        case .streaming, .ended: true
        }
    }

    // MARK: Frames

    /// The seeds that came with the opening frame.
    func receiveOpening(isLast: Bool, on worker: LoopWorker) throws(RequestFailure) {
        let seeds = body.seeds
        body.seeds = .empty
        try receive(AudienceRows(firstRow: 0, ids: seeds, scores: []), isLast: isLast, on: worker)
    }

    func receive(_ rows: AudienceRows, isLast: Bool, on worker: LoopWorker) throws(RequestFailure) {
        guard rows.firstRow == seedsReceived else { throw .malformedBody(.inconsistentSections(64)) }
        seedsReceived += UInt64(rows.ids.count)
        guard seedsReceived <= limits.seedsMax else {
            throw .limitExceeded(.seeds, found: seedsReceived, limit: limits.seedsMax)
        }
        guard case .seeding(var lists, let next) = phase else { return }
        if !rows.ids.isEmpty { lists.append(rows.ids) }
        changeSeeds(by: rows.ids.byteCount)
        phase = .seeding(lists, next: next)
        seedsHaveEnded = isLast
        queue(on: worker)
    }

    func raise(to limit: UInt64, on worker: LoopWorker) throws(RequestFailure) {
        if try flow.raise(to: limit) { pump(on: worker) }
    }

    /// Ends without a reply: cancelled, failed, or the connection is gone.
    func abandon() {
        if case .ended = phase { return }
        phase = .ended
        expansion = nil
        helped = nil
        changeSeeds(by: -seedByteCount)
        server.streams.release(reservedBytes)
    }

    /// Seeds that wait count among what the connection holds.
    private func changeSeeds(by byteCount: Int) {
        seedByteCount += byteCount
        request.connection.changeWork(by: byteCount)
    }

    /// Why the stream ends now, if it took too long.
    func timeout(now: UInt64) -> RequestFailure? {
        let acknowledged = isStreaming ? request.connection.acknowledgedByteCount : 0
        if let failure = flow.timeout(now: now, acknowledgedByteCount: acknowledged) { return failure }
        return flow.hasBegun ? nil : request.obstacle(now: now)
    }

    // MARK: Work

    private func queue(on worker: LoopWorker) {
        guard !isQueued else { return }
        isQueued = true
        worker.startBulk(self)
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        do throws(RequestFailure) {
            if let obstacle = request.obstacle(now: now), !flow.hasBegun { throw obstacle }
            let progress = try advance(on: worker, now: now)
            if case .finished = progress { isQueued = false }
            return progress
        } catch {
            isQueued = false
            abandon()
            request.fail(error)
            return .finished
        }
    }

    private var isStreaming: Bool {
        if case .streaming = phase { return true }
        return false
    }

    private func advance(on worker: LoopWorker, now: UInt64) throws(RequestFailure) -> LoopJobProgress {
        switch phase {
        case .ended: return .finished
        case .seeding(let lists, let next): return try takeSeeds(lists, next: next, now: now)
        case .expanding:
            let progress = try expansion!.step()
            try reserve(expansion!.byteCount)
            switch progress {
            case .working: return .working
            case .waiting(on: let work):
                if helped !== work {
                    helped = work
                    for other in server.workers where other !== worker {
                        let help = AudienceHelp(work)
                        other.loop.execute { other.help(help) }
                    }
                }
                return worker.work(on: work) ? .working : .waiting
            case .done(let audience):
                finishExpansion(audience, now: worker.now())
                return .working
            }
        case .streaming:
            pump(on: worker)
            return .finished
        }
    }

    /// Has at least so much set aside for this stream.
    private func reserve(_ byteCount: UInt64) throws(RequestFailure) {
        guard byteCount > reservedBytes else { return }
        guard server.streams.extend(by: byteCount - reservedBytes, limits: limits) else {
            throw .overloaded(retryAfterMilliseconds: 1_000)
        }
        reservedBytes = byteCount
    }

    private func takeSeeds(
        _ lists: [IDList], next: Int, now: UInt64
    ) throws(RequestFailure) -> LoopJobProgress {
        guard let list = lists.first else {
            guard seedsHaveEnded else { return .finished }
            phase = .expanding
            request.startedAt = now
            return .working
        }
        let end = min(next + LoopWorker.idsPerStep, list.count)
        // The lists are set aside so that removing one does not copy the others.
        phase = .seeding([], next: 0)
        try expansion!.insert(list, next..<end)
        guard end == list.count else {
            phase = .seeding(lists, next: end)
            return .working
        }
        phase = .seeding(Array(lists.dropFirst()), next: 0)
        let heldMany = holdsManySeeds
        changeSeeds(by: -list.byteCount)
        if heldMany, !holdsManySeeds { request.connection.seedsWereTaken() }
        return .working
    }

    private func finishExpansion(_ audience: Audience, now: UInt64) {
        let seeds = expansion!.seeds
        summary.seedsReceived = seeds.receivedCount
        summary.seedsMatched = seeds.matchedCount
        summary.seedsDuplicate = seeds.duplicateCount
        summary.seedsUnmatched = seeds.unmatchedCount
        summary.unmatchedExamples = IDList(seeds.unmatchedExamples)
        summary.rowsEligible = expansion!.rowsEligible
        summary.rowsScanned = expansion!.rowsScanned
        summary.rows = UInt64(audience.count)
        request.stamp(&summary.origin, now: now)
        // From here on the stream holds ids and scores only; the generation may go.
        expansion = nil
        helped = nil
        phase = .streaming(audience, next: 0)
    }

    /// Writes rows while the window and the socket allow, then the summary.
    ///
    /// Flushing may tell of writability at once, which asks for more rows: such a call returns, and the loop that
    /// is running sees what it would have seen.
    func pump(on worker: LoopWorker) {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        // What was written before the rows goes out first, so that `isWritable` speaks of the socket.
        request.connection.flush()
        while case .streaming(let audience, let next) = phase, next < audience.count {
            let room = flow.room
            guard request.connection.isWritable, room > 0 else { return }
            let rows = audience.rowCount(from: next, inBody: room, withScores: body.wantsScores)
            guard rows > 0 else { return }
            let range = next..<next + rows
            phase = .streaming(audience, next: range.upperBound)
            if !flow.hasBegun { flow.beginRows(now: worker.now()) }
            let start = request.connection.writtenByteCount
            let byteCount = request.connection.writeData { writer in
                audience.encode(
                    range, requestID: request.id, withScores: body.wantsScores, checksum: &checksum,
                    into: &writer)
            }
            flow.noteSent(byteCount, after: start)
            worker.metrics.streamRows.count(UInt64(rows))
            request.connection.flush()
        }
        guard case .streaming = phase else { return }
        summary.checksum = checksum.value
        abandon()
        request.answer(.lookalike(summary))
    }
}
