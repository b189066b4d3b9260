import CKindredSystem
import KindredDomain
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

    let worker: LoopWorker
    private let limits: Limits
    private var state: ConnectionState
    private var context: ChannelHandlerContext?
    private var inbound = ByteBuffer()
    private var outbound: ReplyBuffer
    private var isFlushScheduled = false
    private var isReadWanted = false
    /// The socket takes more; false before there is one, and after.
    private(set) var isWritable = false
    /// Open look-alike streams and requests that outlive a tick, by id.
    private var streams: [UInt64: LookalikeStream] = [:]
    private var pending: [UInt64: PendingRequest] = [:]
    /// Work that waits for the job before it, or for the peer to read its replies.
    private var jobs: [any LoopJob] = []
    private var hasRunningJob = false
    /// Frames were left unread because too many jobs wait...
    private var waitsForJobs = false
    /// ...or because the tick has read enough.
    private var waitsForTick = false
    private var peer = ""
    /// What the peer calls itself.
    var clientName = ""

    init(worker: LoopWorker) {
        self.worker = worker
        limits = worker.server.limits
        outbound = ReplyBuffer(bodyBytesMax: limits.bodyBytesMax)
        state = ConnectionState(limits: limits, now: worker.now())
    }

    private var logger: Logger { worker.server.logger }
    private var isReadingPaused: Bool { waitsForJobs || waitsForTick }

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
        for request in pending.values { request.cancel() }
        streams = [:]
        pending = [:]
        jobs = []
        outbound.discard()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        worker.metrics.bytesReceived.count(UInt64(received.readableBytes))
        if inbound.readableBytes == 0 {
            inbound = received
        } else {
            inbound.writeBuffer(&received)
        }
        if !waitsForTick { readFrames() }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A buffer that was emptied gives its memory back to the allocator's reuse; one that grew for a large
        // body is not kept.
        if inbound.readableBytes == 0 { inbound = ByteBuffer() } else { inbound.discardReadBytes() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            if isReadWanted, !isReadingPaused {
                isReadWanted = false
                context.read()
            }
            for stream in streams.values { stream.pump(on: worker) }
            startWaitingJobs()
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        // While the peer does not take its replies, nothing more is taken from it.
        let isWelcome = state.isClosing || (isWritable && !isReadingPaused)
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

    /// Starts a job, or leaves it until the ones before it are done and the peer has taken their replies.
    func start(_ job: any LoopJob, now: UInt64) {
        // Room first: making it may tell of writability at once and start jobs from there.
        let hasRoom = hasRoom
        if hasRoom, !hasRunningJob, jobs.isEmpty { run(job, now: now) } else { jobs.append(job) }
        if !jobs.isEmpty { startWaitingJobs() }
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
        guard waitsForJobs, jobs.count < Self.waitingJobCountMax else { return }
        waitsForJobs = false
        // Not from here: this may be a frame that is being read.
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute { bound.value.resumeReading() }
    }

    private func run(_ job: any LoopJob, now: UInt64) {
        hasRunningJob = true
        if case .finished = worker.start(job, now: now) { hasRunningJob = false }
    }

    /// The tick after the one that had read enough.
    func tickHasRoom() {
        waitsForTick = false
        resumeReading()
    }

    private func resumeReading() {
        guard let context, !isReadingPaused else { return }
        readFrames()
        if !isReadingPaused, isReadWanted, isWritable {
            isReadWanted = false
            context.read()
        }
    }

    /// True while the peer takes its replies, or is gone.
    private var hasRoom: Bool {
        if outbound.byteCount > Self.gatheredByteCountMax { flush() }
        return isWritable || context == nil
    }

    // MARK: Input

    private func readFrames() {
        let now = worker.now()
        var framesLeft = Self.framesPerTurnMax
        while true {
            // What is not read yet costs nothing: the peer waits for its replies first.
            guard jobs.count < Self.waitingJobCountMax || state.isClosing else {
                waitsForJobs = true
                return
            }
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
                    guard framesLeft >= 0, worker.takesFrame(byteCount: length) else {
                        waitsForTick = true
                        worker.readLater(self)
                        return
                    }
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
            var key: AnswerCache.Key?
            // A peer that does not take its replies waits with its other requests.
            if worker.repeats.mayAnswer(header), hasRoom {
                switch worker.repeats.answer(header, body, into: &outbound) {
                case .found: return complete(now: now)
                case .missing(let unanswered): key = unanswered
                }
            }
            let request = PendingRequest(connection: self, header: header, limits: limits, now: now)
            request.answerKey = key
            pending[header.requestID] = request
            do throws(RequestFailure) {
                try RequestDispatcher(worker: worker).dispatch(
                    try ClientMessage.decode(type: header.type, body: body, limits: limits), request,
                    isEnd: header.isEnd)
            } catch {
                request.fail(error)
                if header.type == MessageType.hello.rawValue { closeGracefully() }
            }
        }
    }

    private func receiveControl(_ header: FrameHeader, body: RawSpan, now: UInt64) throws(ConnectionFailure) {
        let stream = streams[header.requestID]
        let type = MessageType(rawValue: header.type)
        // What comes for a request that has ended crossed its reply on the way.
        if type != .goAway, pending[header.requestID] == nil { return }
        if type == .data || type == .window, stream == nil { return }
        do throws(RequestFailure) {
            switch try ClientMessage.decode(type: header.type, body: body, limits: limits) {
            case .window(let limit): try stream?.raise(to: limit, on: worker)
            case .cancel: cancel(header.requestID)
            case .goAway: if state.leave() { closeGracefully() }
            case .data(let rows):
                guard let stream, !stream.seedsHaveEnded else {
                    throw RequestFailure.invalidArgument(.noSeeds)
                }
                try stream.receive(rows, isLast: header.isEnd, on: worker)
            default: break
            }
        } catch {
            try end(header, error)
        }
    }

    /// A control frame that cannot be understood, or that its stream refuses, ends what it names.
    private func end(_ header: FrameHeader, _ failure: RequestFailure) throws(ConnectionFailure) {
        let stream = streams[header.requestID]
        switch MessageType(rawValue: header.type) {
        case .goAway: throw .unexpectedFrame(type: header.type, requestID: header.requestID)
        case .data where stream?.seedsHaveEnded == true:
            throw .unexpectedFrame(type: header.type, requestID: header.requestID)
        default: break
        }
        if case .invalidArgument(.windowTooLarge(let limit)) = failure, let stream {
            throw .flowControl(sent: limit, limit: stream.windowLimitMax)
        }
        stream?.abandon()
        pending[header.requestID]?.fail(failure)
    }

    private func cancel(_ id: UInt64) {
        if let stream = streams[id] {
            stream.abandon()
            pending[id]?.fail(.cancelled)
        } else {
            // A unary request is on its way through a scan: its answer says that it was cancelled.
            pending[id]?.cancel()
        }
    }

    func openStream(
        _ request: PendingRequest, _ body: LookalikeRequest, seedsEnd: Bool
    ) throws(RequestFailure) {
        guard streams.count < Int(limits.streamsPerConnectionMax) else {
            throw .limitExceeded(
                .streamsPerConnection, found: UInt64(streams.count) + 1,
                limit: UInt64(limits.streamsPerConnectionMax))
        }
        let generation = try worker.generations.generation(model: body.model, version: body.version)
        let stream = try LookalikeStream(request, body, generation, server: worker.server, now: worker.now())
        streams[request.id] = stream
        worker.metrics.streamsOpened.count()
        try stream.receiveOpening(isLast: seedsEnd, on: worker)
    }

    // MARK: Output

    /// Appends the last reply of a request to what the tick will flush.
    func writeReply(_ message: ServerMessage, to request: PendingRequest, now: UInt64) {
        pending[request.id] = nil
        if !streams.isEmpty { streams[request.id] = nil }
        guard context != nil, !state.isClosing else { return }
        if case .failure = message { worker.metrics.failures.count() }
        let start = outbound.byteCount
        do throws(RequestFailure) {
            try outbound.append(message, replyTo: request.type, requestID: request.id)
            if let key = request.answerKey {
                worker.repeats.keep(message, in: outbound, from: start, for: key)
            }
        } catch {
            writeFailure(error, requestType: request.type, requestID: request.id)
        }
        complete(now: now)
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

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        worker.flushLater(self)
    }

    /// Bytes of replies that were ever written, and that the peer's system has acknowledged.
    var writtenByteCount: UInt64 { outbound.totalByteCount }
    var acknowledgedByteCount: UInt64 {
        let waiting = outbound.byteCount + (context?.channel.untakenByteCount ?? 0)
        return writtenByteCount - min(UInt64(waiting), writtenByteCount)
    }

    /// Writes what has gathered, in one buffer.
    func flush() {
        isFlushScheduled = false
        guard let context, let bytes = outbound.take() else { return }
        worker.metrics.bytesSent.count(UInt64(bytes.readableBytes))
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: Ending

    private func fail(_ failure: ConnectionFailure) {
        worker.metrics.connectionsFailed.count()
        logger.notice(
            "connection refused",
            metadata: [
                "peer": "\(peer)", "client": "\(clientName)", "status": "\(failure.status.name)",
                "reason": "\(failure)",
            ])
        if state.speaksFrames { outbound.append(GoAway(failure, lastRequestID: state.lastRequestID)) }
        closeGracefully()
    }

    /// Sends what was written, tells the peer that nothing follows, and closes once the peer has all of it or the
    /// grace is over. What the peer still sends is read and thrown away: closing with unread input, or before the
    /// last replies have arrived, would make the system drop them.
    private func closeGracefully() {
        guard let context, !state.isClosing else { return }
        state.close()
        for stream in streams.values { stream.abandon() }
        flush()
        let worker = worker
        let deadline = worker.now() + UInt64(worker.server.drainMilliseconds) * 1_000_000
        let channel = context.channel
        channel.close(mode: .output).whenComplete { _ in
            channel.closeOnceTaken(worker: worker, deadline: deadline)
        }
        waitsForJobs = false
        context.read()
    }

    /// Announces the end: requests so far are answered, new ones refused.
    func drain() {
        guard context != nil, !state.isClosing else { return }
        let limit = worker.server.drainMilliseconds
        if state.speaksFrames {
            outbound.append(
                GoAway(
                    status: .draining, graceMilliseconds: limit, lastRequestID: state.lastRequestID,
                    reconnectAfterMilliseconds: UInt32.random(in: 0...1_000),
                    message: "the server is shutting down"))
        }
        if state.drain() { closeGracefully() } else { scheduleFlush() }
    }

    /// Ends what has taken too long.
    func sweep(now: UInt64) {
        if let failure = state.timeout(now: now) {
            fail(failure)
            return
        }
        for request in Array(pending.values) {
            let stream = streams[request.id]
            guard let failure = stream == nil ? request.obstacle(now: now) : stream?.timeout(now: now) else {
                continue
            }
            stream?.abandon()
            request.fail(failure)
        }
    }
}
