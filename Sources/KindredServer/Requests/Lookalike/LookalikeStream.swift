import DequeModule
import KindredDomain
import KindredQuery
import KindredWire
import Synchronization

/// One look-alike expansion on its connection: takes seeds, expands them in slices, and writes rows as far as the
/// reader's window and its socket allow.
final class LookalikeStream: LoopJob {
    private enum Phase {
        /// Seeds arrive and are looked up.
        case seeding(LookalikeExpansion, WaitingSeeds)
        /// The audience is selected. `helped`: the work that other loops were last asked to help with.
        case expanding(LookalikeExpansion, helped: (any SharedWork)?)
        /// Rows are written, from `next` on. The generation is held no longer.
        case streaming(Audience, next: Int)
        case ended
    }

    /// Seeds that have come and are not looked up yet.
    private struct WaitingSeeds {
        var lists: Deque<IDList> = []
        /// The position in the first list.
        var next = 0
    }

    private let request: PendingRequest
    private var body: LookalikeRequest
    private let server: ServerContext
    private let limits: Limits
    /// Memory that is set aside for this stream; nil once it is given back.
    private var reservedBytes: UInt64?
    private var summary: LookalikeSummary
    private var phase: Phase
    /// The loop has this job among its bulk jobs.
    private var isQueued = false
    private var isPumping = false
    private(set) var seedsHaveEnded = false
    private var seedsReceived: UInt64 = 0
    /// Bytes of seeds that are not looked up yet.
    private var seedByteCount = 0
    private var checksum = AudienceChecksum()
    private var flow: StreamFlowControl

    /// Throws where the model has no users, the size makes no sense, or the process holds too many streams.
    init(
        _ request: PendingRequest, _ body: LookalikeRequest, _ generation: Generation, server: ServerContext,
        now: UInt64
    ) throws(RequestFailure) {
        self.request = request
        self.body = body
        self.server = server
        limits = server.limits
        flow = StreamFlowControl(windowBytes: body.windowBytes, limits: limits, now: now)
        let rule = SelectionRule(server.scan)
        let expansion = try LookalikeExpansion(
            request: body, generation: generation, limits: limits, rule: rule)
        phase = .seeding(expansion, WaitingSeeds())
        summary = LookalikeSummary(origin: AnswerOrigin(model: generation.name, version: generation.version))
        let byteCount = LookalikeExpansion.byteCount(of: body, over: generation, rule: rule)
        guard server.streams.reserve(byteCount, limits: limits) else {
            throw .overloaded(retryAfterMilliseconds: Limits.retryMilliseconds)
        }
        reservedBytes = byteCount
    }

    deinit { if let reservedBytes { server.streams.release(reservedBytes) } }

    /// The greatest limit a reader may set now.
    var windowLimitMax: UInt64 { flow.windowLimitMax }

    /// Whether too many seeds wait to be looked up: no more are read meanwhile.
    var holdsManySeeds: Bool { seedByteCount > Int(limits.seedBytesHeldMax) }

    /// Whether the stream waits for its peer to send seeds or take rows.
    var waitsForPeer: Bool {
        switch phase {
        case .seeding(_, let seeds): seeds.lists.isEmpty && !seedsHaveEnded
        case .expanding: false
        case .streaming, .ended: true
        }
    }

    // MARK: Frames

    /// Takes the seeds of the opening frame.
    func receiveOpening(isLast: Bool, on worker: LoopWorker) throws(RequestFailure) {
        let seeds = body.seeds
        body.seeds = .empty
        try receive(AudienceRows(firstRow: 0, ids: seeds, scores: []), isLast: isLast, on: worker)
    }

    /// Takes the seeds of a further frame; `isLast`: no more follow.
    func receive(_ rows: AudienceRows, isLast: Bool, on worker: LoopWorker) throws(RequestFailure) {
        guard rows.firstRow == seedsReceived else { throw .malformedBody(.inconsistentSections(64)) }
        seedsReceived += UInt64(rows.ids.count)
        guard seedsReceived <= limits.seedsMax else {
            throw .limitExceeded(.seeds, found: seedsReceived, limit: limits.seedsMax)
        }
        guard case .seeding = phase else { return }
        if !rows.ids.isEmpty { append(rows.ids) }
        changeSeeds(by: rows.ids.byteCount)
        seedsHaveEnded = isLast
        queue(on: worker)
    }

    private func append(_ ids: IDList) {
        var current = Phase.ended
        swap(&current, &phase)
        guard case .seeding(let expansion, var seeds) = consume current else { return }
        seeds.lists.append(ids)
        phase = .seeding(expansion, seeds)
    }

    func raise(to limit: UInt64, on worker: LoopWorker) throws(RequestFailure) {
        if try flow.raise(to: limit) { pump(on: worker) }
    }

    /// Ends without a reply: the request is cancelled or failed, or the connection is gone.
    func abandon() {
        guard let reservedBytes else { return }
        self.reservedBytes = nil
        phase = .ended
        changeSeeds(by: -seedByteCount)
        server.streams.release(reservedBytes)
    }

    /// Counts waiting seeds among the memory that the connection holds.
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
        if case .streaming = phase { return writeRows(on: worker) ? .working : .finished }
        // Moved out, so that the arrays of the expansion have one owner while they change.
        var current = Phase.ended
        swap(&current, &phase)
        switch consume current {
        case .seeding(let expansion, let seeds):
            return try takeSeeds(consume expansion, consume seeds, now: now)
        case .expanding(let expansion, let helped):
            return try expand(consume expansion, helped: helped, on: worker)
        case .streaming, .ended: return .finished
        }
    }

    /// Looks up some of the waiting seeds.
    private func takeSeeds(
        _ expansion: consuming LookalikeExpansion, _ seeds: consuming WaitingSeeds, now: UInt64
    ) throws(RequestFailure) -> LoopJobProgress {
        guard let list = seeds.lists.first else {
            guard seedsHaveEnded else {
                phase = .seeding(expansion, seeds)
                return .finished
            }
            phase = .expanding(expansion, helped: nil)
            request.startedAt = now
            return .working
        }
        let end = min(seeds.next + StepSize.ids, list.count)
        try expansion.insert(list, seeds.next..<end)
        guard end == list.count else {
            seeds.next = end
            phase = .seeding(expansion, seeds)
            return .working
        }
        seeds.lists.removeFirst()
        seeds.next = 0
        phase = .seeding(expansion, seeds)
        let heldMany = holdsManySeeds
        changeSeeds(by: -list.byteCount)
        if heldMany, !holdsManySeeds { request.connection.seedsWereTaken() }
        return .working
    }

    /// Does the next step of the expansion. Asks the other loops to help with a new phase.
    private func expand(
        _ expansion: consuming LookalikeExpansion, helped: (any SharedWork)?, on worker: LoopWorker
    ) throws(RequestFailure) -> LoopJobProgress {
        let progress = try expansion.step()
        try reserve(expansion.byteCount)
        switch progress {
        case .working:
            phase = .expanding(expansion, helped: helped)
            return .working
        case .waiting(on: let work):
            phase = .expanding(expansion, helped: work)
            if helped !== work {
                for other in server.workers where other !== worker {
                    let help = AudienceHelp(work)
                    other.loop.execute { other.help(help) }
                }
            }
            return worker.work(on: work) ? .working : .waiting
        case .done(let audience):
            summarize(expansion, audience, now: worker.now())
            phase = .streaming(audience, next: 0)
            return .working
        }
    }

    /// Sets aside more memory where the stream comes to hold more than expected.
    private func reserve(_ byteCount: UInt64) throws(RequestFailure) {
        guard let reservedBytes, byteCount > reservedBytes else { return }
        guard server.streams.extend(by: byteCount - reservedBytes, limits: limits) else {
            throw .overloaded(retryAfterMilliseconds: Limits.retryMilliseconds)
        }
        self.reservedBytes = byteCount
    }

    private func summarize(_ expansion: borrowing LookalikeExpansion, _ audience: Audience, now: UInt64) {
        let seeds = expansion.seeds
        summary.seedsReceived = seeds.receivedCount
        summary.seedsMatched = seeds.matchedCount
        summary.seedsDuplicate = seeds.duplicateCount
        summary.seedsUnmatched = seeds.unmatchedCount
        summary.unmatchedExamples = IDList(seeds.unmatchedExamples)
        summary.rowsEligible = expansion.rowsEligible
        summary.rowsScanned = expansion.rowsScanned
        summary.rows = UInt64(audience.count)
        request.stamp(&summary.origin, now: now)
    }

    /// Writes rows now, and more in later slices where the window and the socket allow more than a step's worth.
    func pump(on worker: LoopWorker) { if writeRows(on: worker) { queue(on: worker) } }

    /// Writes rows while the window and the socket allow, at most `StepSize.streamBytes`, and after the last row the
    /// summary. True where more rows can be written at once.
    ///
    /// Flushing may make the channel writable, which calls this again. A re-entrant call returns; the outer loop
    /// continues.
    private func writeRows(on worker: LoopWorker) -> Bool {
        guard !isPumping else { return false }
        isPumping = true
        defer { isPumping = false }
        // Earlier replies are flushed first, so that `isWritable` tells whether the socket takes more.
        request.connection.flush()
        var bytesLeft = StepSize.streamBytes
        while case .streaming(let audience, let next) = phase, next < audience.count {
            let room = flow.room
            guard request.connection.isWritable, room > 0 else { return false }
            guard bytesLeft > 0 else { return true }
            let rows = audience.rowCount(from: next, inBody: room, withScores: body.wantsScores)
            guard rows > 0 else { return false }
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
            bytesLeft -= byteCount
            worker.metrics.streamRows.count(UInt64(rows))
            request.connection.flush()
        }
        guard case .streaming = phase else { return false }
        summary.checksum = checksum.value
        abandon()
        request.answer(.lookalike(summary))
        return false
    }
}
