import CKindredSystem
import KindredDomain
import KindredQuery
import KindredWire
import Logging
import NIOCore

/// Moves bytes between a socket and the connection's state machine, and executes what that decides.
///
/// Replies of one tick are written into one buffer and flushed once. Reading stops while the peer does not read.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why nothing is read from the peer. What is not read yet costs nothing.
    struct ReadPause: OptionSet {
        let rawValue: UInt8

        /// Too many jobs wait.
        static let jobs = ReadPause(rawValue: 1)
        /// The tick has read enough.
        static let tick = ReadPause(rawValue: 2)
        /// The peer does not take its replies.
        static let replies = ReadPause(rawValue: 4)
        /// A stream holds seeds that are not looked up yet.
        static let seeds = ReadPause(rawValue: 8)
    }

    let worker: LoopWorker
    let limits: Limits
    var state: ConnectionState
    var context: ChannelHandlerContext?
    var inbound = ByteBuffer()
    var outbound: ReplyBuffer
    private var isFlushScheduled = false
    private var isReadWanted = false
    /// The socket takes more; false before there is one, and after.
    private(set) var isWritable = false
    /// Open look-alike streams and requests that outlive a tick, by id.
    var streams: [UInt64: LookalikeStream] = [:]
    var pending: [UInt64: PendingRequest] = [:]
    /// Work that waits for the job before it, or for the peer to read its replies.
    private var jobs: [any LoopJob] = []
    private var hasRunningJob = false
    private var pauses: ReadPause = []
    /// When a tick last had room for what it had waited with; 0: never.
    private(set) var leftReadQueueAt: UInt64 = 0
    /// The peer sends nothing more.
    private(set) var inputIsClosed = false
    /// What the peer owes, and the memory that this connection holds.
    var debt: PeerDebt
    var holding = ConnectionHolding()
    /// Once it is closing: when it closes whatever has not been taken.
    var closingDeadline = UInt64.max
    var peer = ""
    /// What the peer calls itself.
    var clientName = ""

    init(worker: LoopWorker) {
        self.worker = worker
        limits = worker.server.limits
        outbound = ReplyBuffer(bodyBytesMax: limits.bodyBytesMax)
        state = ConnectionState(limits: limits, now: worker.now())
        debt = PeerDebt(limits: limits)
    }

    var logger: Logger { worker.server.logger }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        peer = context.remoteAddress?.description ?? "unknown"
        worker.add(self)
        if worker.isDraining
            || worker.server.connectionCount.load(ordering: .relaxed) > Int(limits.connectionsMax)
        {
            let refusal: ServerPreface.Refusal = worker.isDraining ? .draining : .tooManyConnections
            outbound.append(
                ServerPreface(refusing: refusal, retryAfterMilliseconds: Limits.retryMilliseconds))
            closeGracefully()
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        worker.remove(self)
        self.context = nil
        isWritable = false
        state.close()
        for stream in streams.values { stream.abandon() }
        for request in pending.values {
            request.releaseCharge()
            request.cancel()
        }
        streams = [:]
        pending = [:]
        jobs = []
        inbound = ByteBuffer()
        outbound.discard()
        if holding.counted >= Self.largeHoldingByteCount { worker.server.memory.lookSoon() }
        holding = ConnectionHolding(counted: holding.counted)
        countHolding()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        let count = received.readableBytes
        worker.metrics.bytesReceived.count(UInt64(count))
        if inbound.readableBytes == 0 {
            inbound = received
        } else {
            inbound.writeBuffer(&received)
        }
        if !pauses.contains(.tick) { readFrames() }
        // Parts of frames count like frames: a tick reads so many bytes, whoever sends them.
        if debt.hasUnfinishedFrame, count >= Self.partByteCountMin, pauses.isEmpty,
            !worker.takesPart(byteCount: count)
        {
            waitForTick()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A buffer that was emptied gives its memory back to the allocator's reuse; one that grew for a large
        // body is not kept.
        if inbound.readableBytes == 0 { inbound = ByteBuffer() } else { inbound.discardReadBytes() }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            inputIsClosed = true
            if pauses.isEmpty { readFrames() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            for stream in streams.values { stream.pump(on: worker) }
            startWaitingJobs()
            // Not from here: this may be a frame that is being read.
            if pauses.contains(.replies) { resumeSoon(.replies) } else { readOnIfWanted() }
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        // While the peer does not take its replies, nothing more is taken from it.
        let isWelcome = state.isClosing || (isWritable && pauses.isEmpty)
        if isWelcome { context.read() } else { isReadWanted = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The peer is gone in some way; there is nobody to tell.
        logger.debug("connection lost", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: Jobs

    /// Jobs of a connection that may wait; with more, nothing is read from it.
    private static let waitingJobCountMax = 16
    /// Frames that are read before other connections have their turn.
    private static let framesPerTurnMax = 16
    /// Bytes of replies that gather before they are flushed within a tick.
    private static let gatheredByteCountMax = 256 << 10
    /// Bytes of an unfinished frame that are read without counting in the tick's budget.
    private static let partByteCountMin = 4 << 10
    /// Bytes of a connection from which on it is worth looking whether memory can be given back once it has ended.
    private static let largeHoldingByteCount = 256 << 10
    /// Bytes that are written at once without asking how much of them the socket took.
    private static let smallWriteByteCountMax = 16 << 10

    /// Starts a job, or leaves it until the ones before it are done and the peer has taken their replies.
    func start(_ job: any LoopJob, now: UInt64) {
        // Room first: making it may tell of writability at once and start jobs from there.
        let hasRoom = hasRoom
        if hasRoom, !hasRunningJob, jobs.isEmpty { run(job, now: now) } else { jobs.append(job) }
        if !jobs.isEmpty { startWaitingJobs() }
    }

    /// Puts a job before those that wait: it is the next one, once the one that runs is done and there is room.
    func goOn(with job: any LoopJob) {
        jobs.insert(job, at: 0)
        if !hasRunningJob { startWaitingJobs() }
    }

    /// The job in the worker's hands is done.
    func jobHasFinished() {
        hasRunningJob = false
        startWaitingJobs()
    }

    private func startWaitingJobs() {
        // Room first here too.
        while hasRoom, !hasRunningJob, !jobs.isEmpty {
            run(jobs.removeFirst(), now: worker.now())
        }
        // Not from here: this may be a frame that is being read.
        if pauses.contains(.jobs), jobs.count < Self.waitingJobCountMax { resumeSoon(.jobs) }
    }

    private func run(_ job: any LoopJob, now: UInt64) {
        hasRunningJob = true
        if case .finished = worker.start(job, now: now) { hasRunningJob = false }
    }

    /// The tick after the one that had read enough.
    func tickHasRoom(now: UInt64) {
        leftReadQueueAt = now
        resume(.tick)
    }

    /// A stream has looked up the seeds that it held.
    func seedsWereTaken() { if pauses.contains(.seeds) { resumeSoon(.seeds) } }

    private func waitForTick() {
        pauses.insert(.tick)
        worker.readLater(self)
    }

    private func resumeSoon(_ pause: ReadPause) {
        pauses.remove(pause)
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute { bound.value.resume([]) }
    }

    /// Reads and throws away whatever comes, once the connection is closing.
    func stopWaiting() { pauses = [] }

    private func resume(_ pause: ReadPause) {
        pauses.remove(pause)
        guard context != nil, pauses.isEmpty else { return }
        readFrames()
        readOnIfWanted()
    }

    private func readOnIfWanted() {
        guard let context, pauses.isEmpty, isReadWanted, isWritable else { return }
        isReadWanted = false
        context.read()
    }

    /// True while the peer takes its replies, or is gone.
    private var hasRoom: Bool {
        if outbound.byteCount > Self.gatheredByteCountMax { flush() }
        return isWritable || context == nil
    }

    // MARK: Input

    private func readFrames() {
        let now = worker.now()
        readFrames(now: now)
        noteInput(now: now)
    }

    /// After frames were read: what is left of the input is owed by the peer, unless it is this side that waits.
    private func noteInput(now: UInt64) {
        let count = inbound.readableBytes
        if count > 0, pauses.isEmpty, !state.isClosing {
            debt.noteFrame(byteCount: count, now: now)
        } else {
            debt.endFrame()
        }
        holding.inputByteCount = count
        countHolding()
        if inputIsClosed, pauses.isEmpty { endInput() }
    }

    /// Whether another frame may be read: there is room for what it asks for.
    private var mayReadFrame: Bool {
        if state.isClosing { return true }
        if jobs.count >= Self.waitingJobCountMax { pauses.insert(.jobs) }
        if !hasRoom { pauses.insert(.replies) }
        if streams.values.contains(where: \.holdsManySeeds) { pauses.insert(.seeds) }
        return pauses.isEmpty
    }

    private func readFrames(now: UInt64) {
        var framesLeft = Self.framesPerTurnMax
        while true {
            guard mayReadFrame else { return }
            do throws(ConnectionFailure) {
                let buffer = inbound
                let input = try buffer.withBytes { bytes throws(ConnectionFailure) in
                    try state.read(bytes, now: now)
                }
                switch input {
                case .wait: return
                case .ignore:
                    inbound.moveReaderIndex(to: inbound.writerIndex)
                    return
                case .preface(let preface):
                    inbound.moveReaderIndex(forwardBy: Preface.byteCount)
                    outbound.append(preface)
                    scheduleFlush()
                    if preface.chosenMajor == 0 { closeGracefully() }
                case .frame(let header):
                    let length = FrameHeader.byteCount + Int(header.bodyLength)
                    framesLeft -= 1
                    guard framesLeft >= 0, worker.takesFrame(byteCount: length) else { return waitForTick() }
                    debt.endFrame()
                    try buffer.withBytes { bytes throws(ConnectionFailure) in
                        try receive(header, body: bytes.extracting(FrameHeader.byteCount..<length), now: now)
                    }
                    if inbound.readableBytes >= length { inbound.moveReaderIndex(forwardBy: length) }
                }
            } catch {
                fail(error)
                return
            }
        }
    }

    private func receive(_ header: FrameHeader, body: RawSpan, now: UInt64) throws(ConnectionFailure) {
        switch try state.admit(header) {
        case .refuse(let failure):
            writeFailure(failure, requestType: header.type, requestID: header.requestID)
        case .control: try receiveControl(header, body: body, now: now)
        case .request:
            worker.metrics.requests.count()
            switch worker.admission.admit(header, body, hasRoom: isWritable, into: &outbound) {
            case .answered: complete(now: now)
            case .plan(let generation, let key):
                let request = PendingRequest(connection: self, header: header, limits: limits, now: now)
                request.answerKey = key
                request.bodyByteCount = body.byteCount
                pending[header.requestID] = request
                plan(request, header, body, generation)
            }
        }
    }

    /// Decodes a request and begins to work on it.
    private func plan(
        _ request: PendingRequest, _ header: FrameHeader, _ body: RawSpan, _ generation: Generation?
    ) {
        do throws(RequestFailure) {
            let message = try ClientMessage.decode(type: header.type, body: body, limits: limits)
            try RequestDispatcher(worker: worker).dispatch(
                message, request, generation, isEnd: header.isEnd)
        } catch {
            request.fail(error)
            if header.type == MessageType.hello.rawValue { closeGracefully() }
        }
    }

    // MARK: Output

    /// Appends the last reply of a request to what the tick will flush. One that takes several frames is written
    /// frame by frame, as the peer takes them.
    func writeReply(_ message: ServerMessage, to request: PendingRequest, now: UInt64) {
        if !streams.isEmpty, streams.removeValue(forKey: request.id) != nil { seedsWereTaken() }
        guard context != nil, !state.isClosing else { return forget(request) }
        if case .failure = message { worker.metrics.failures.count() }
        let start = outbound.byteCount
        do throws(RequestFailure) {
            let parts = try outbound.append(message, replyTo: request.type, requestID: request.id)
            if !parts.isEmpty { return goOn(with: ReplyJob(request, message, parts)) }
            if let key = request.answerKey {
                worker.admission.keep(message, in: outbound, from: start, for: key)
            }
        } catch {
            writeFailure(error, requestType: request.type, requestID: request.id)
        }
        forget(request)
        complete(now: now)
    }

    /// Appends one frame of a reply that takes several.
    func writePart(
        _ part: Range<Int>, of message: ServerMessage, isLast: Bool, to request: PendingRequest, now: UInt64
    ) {
        guard context != nil, !state.isClosing else { return forget(request) }
        outbound.append(part, of: message, isLast: isLast, replyTo: request.type, requestID: request.id)
        scheduleFlush()
        guard isLast else { return }
        forget(request)
        complete(now: now)
    }

    private func forget(_ request: PendingRequest) {
        pending[request.id] = nil
        request.releaseCharge()
    }

    private func complete(now: UInt64) {
        if state.complete(now: now) { closeGracefully() }
        scheduleFlush()
    }

    private func writeFailure(_ failure: RequestFailure, requestType: UInt8, requestID: UInt64) {
        worker.metrics.failures.count()
        outbound.append(failure, replyTo: requestType, requestID: requestID)
        scheduleFlush()
    }

    /// Appends DATA with `write`, which returns the body's bytes.
    func writeData(_ write: (inout ByteWriter) -> Int) -> Int {
        let count = outbound.appendData(write)
        state.noteActivity(now: worker.now())
        scheduleFlush()
        return count
    }

    func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        worker.flushLater(self)
    }

    /// Bytes of replies that were ever written, and that the peer's system has acknowledged.
    var writtenByteCount: UInt64 { outbound.totalByteCount }
    var acknowledgedByteCount: UInt64 {
        let waiting = outbound.byteCount + (context?.channel.unacknowledgedByteCount ?? 0)
        return writtenByteCount - min(UInt64(waiting), writtenByteCount)
    }

    /// Writes what has gathered, in one buffer.
    func flush() {
        isFlushScheduled = false
        guard let context, let bytes = outbound.take() else { return }
        let count = bytes.readableBytes
        worker.metrics.bytesSent.count(UInt64(count))
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if count > Self.smallWriteByteCountMax || !isWritable || holding.outputByteCount > 0 { noteOutput() }
    }
}
