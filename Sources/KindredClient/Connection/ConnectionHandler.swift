internal import KindredDomain
internal import KindredWire
internal import NIOCore

/// Executes the decisions of `ConnectionState`: reads and writes bytes, runs timers, resumes continuations.
///
/// All calls come on the channel's event loop. The frames of one tick of the event loop share one flush.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var state = ConnectionState<Waiter>()
    private let hello: HelloRequest
    private let opened: EventLoopPromise<HelloReply>
    /// Succeeds when the server takes no more requests, with the wait that it asks for.
    private let left: EventLoopPromise<Duration?>
    private let gauge: ConnectionGauge
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var outgoing = ByteBuffer()
    private var writer = ByteWriter()
    private var writes = WriteLog()
    private var isFlushScheduled = false
    /// By request id: the sender of seeds that waits until the system has taken them.
    private var seedWaiters: [UInt64: EventLoopPromise<Bool>] = [:]
    private var timer: (task: Scheduled<Void>, deadline: NIODeadline)?
    private var closeError: KindredError?

    init(
        hello: HelloRequest, opened: EventLoopPromise<HelloReply>, left: EventLoopPromise<Duration?>,
        gauge: ConnectionGauge
    ) {
        self.hello = hello
        self.opened = opened
        self.left = left
        self.gauge = gauge
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        ClientPreface().encode(into: &writer)
        ClientMessage.hello(hello).encode(
            requestID: ConnectionState<Waiter>.helloRequestID, timeoutMilliseconds: 0, end: true,
            into: &writer)
        writeWriter()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 { received = bytes } else { received.writeBuffer(&bytes) }
        receiveAll()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(closeError ?? .connectionLost("the connection was closed by the server"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(.connectionLost("\(error)"))
    }

    private func receiveAll() {
        while received.readableBytes > 0 {
            let (consumed, action) = received.withUnsafeReadableBytes { state.receive($0.bytes) }
            received.moveReaderIndex(forwardBy: consumed)
            switch action {
            case .needBytes:
                received.discardReadBytes()
                return
            case .proceed: break
            case .opened(let reply): opened.succeed(reply)
            case .reply(let waiter, let reply): resume(waiter, reply)
            case .failed(let waiter, let error): fail(waiter, error)
            case .event(let waiter, let event, let requestID, let windowLimit):
                grant(windowLimit, requestID: requestID)
                deliver(waiter, event)
            case .draining(let message, let notProcessed):
                gauge.close()
                let error = KindredError(message)
                left.succeed(error.retryAfter)
                for waiter in notProcessed { fail(waiter, error) }
            case .close(let error):
                close(error)
                return
            }
            if let error = state.endError { return close(error) }
            releaseSeedWaiters()
        }
    }

    // MARK: Requests

    /// Sends a request, stores its id in `ticket`, and resumes the waiter with the answer.
    func submit(_ request: OutgoingRequest, _ waiter: Waiter, _ ticket: RequestTicket) {
        if ticket.isCancelled { return fail(waiter, .cancelled) }
        let unsent = writes.byteCount + outgoing.readableBytes
        if unsent > 0, unsent + request.body.count > Limits.unsentBytesMax {
            let error = KindredError(
                .overloaded, "the server does not take what it is sent: \(unsent) bytes wait")
            ticket.refusal = error
            return fail(waiter, error)
        }
        let action = state.submit(
            waiter, type: request.type, expecting: request.expectation, stream: request.stream,
            deadline: request.deadline, now: .now())
        switch action {
        case .refuse(let waiter, let error):
            ticket.refusal = error
            fail(waiter, error)
        case .send(let requestID, let timeoutMilliseconds):
            ticket.requestID = requestID
            FrameHeader(
                bodyLength: UInt32(clamping: request.body.count), type: request.type.rawValue,
                flags: request.isEnd ? .end : [], requestID: requestID, argument: timeoutMilliseconds
            ).encode(into: &writer)
            writer.withUnsafeBytes { _ = outgoing.writeBytes($0) }
            writer.removeAll()
            outgoing.writeBytes(request.body)
            scheduleFlush()
            schedule(request.deadline)
        }
    }

    /// Cancels the request: the caller no longer waits for it.
    func cancel(_ ticket: RequestTicket) {
        ticket.isCancelled = true
        guard let requestID = ticket.requestID else { return }
        let (waiter, sendsCancel, owedBy) = state.abandon(requestID, now: .now())
        if sendsCancel { send(.cancel, requestID: requestID) }
        if let owedBy { schedule(owedBy) }
        if let waiter { fail(waiter, .cancelled) }
        closeIfEnded()
    }

    /// Resumes the reader of a stream with its next event, now or when it comes.
    func next(_ ticket: RequestTicket, _ waiter: Waiter) {
        guard let requestID = ticket.requestID, !ticket.isCancelled else {
            return waiter.fail(ticket.refusal ?? .cancelled)
        }
        switch state.next(waiter, requestID: requestID, now: .now()) {
        case .wait(let moment): if let moment { schedule(moment) }
        case .deliver(let waiter, let event, let windowLimit):
            grant(windowLimit, requestID: requestID)
            deliver(waiter, event)
            closeIfEnded()
        }
    }

    /// Writes seeds. `written` becomes true when the system has taken them, false when the stream takes no more.
    func sendSeeds(
        _ rows: AudienceRows, isEnd: Bool, _ ticket: RequestTicket, written: EventLoopPromise<Bool>
    ) {
        guard let context, let requestID = ticket.requestID, state.acceptsSeeds(requestID),
            seedWaiters[requestID] == nil
        else { return written.succeed(false) }
        ClientMessage.data(rows).encode(
            requestID: requestID, timeoutMilliseconds: 0, end: isEnd, into: &writer)
        writer.withUnsafeBytes { _ = outgoing.writeBytes($0) }
        writer.removeAll()
        if isEnd { state.endSeeds(requestID) }
        seedWaiters[requestID] = written
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { result in
            let isSent = if case .success = result { true } else { false }
            self.seedWaiters.removeValue(forKey: requestID)?.succeed(isSent)
        }
        flush(sent)
    }

    /// Releases the senders of streams that take no more seeds, so that a server that reads nothing cannot block them.
    private func releaseSeedWaiters() {
        guard !seedWaiters.isEmpty else { return }
        for requestID in Array(seedWaiters.keys) where !state.acceptsSeeds(requestID) {
            seedWaiters.removeValue(forKey: requestID)?.succeed(false)
        }
    }

    /// Ends the connection from this side.
    func shutDown(_ error: KindredError = .connectionLost("the connection was closed by the caller")) {
        close(error)
    }

    private func grant(_ windowLimit: UInt64?, requestID: UInt64) {
        if let windowLimit { send(.window(limitBytes: windowLimit), requestID: requestID) }
    }

    private func deliver(_ waiter: Waiter, _ event: StreamEvent) {
        if case .event(let continuation) = waiter { continuation.resume(returning: event) }
    }

    private func resume(_ waiter: Waiter, _ reply: ServerReply) {
        guard case .reply(let continuation) = waiter else { return }
        gauge.end()
        continuation.resume(returning: .success(reply))
    }

    private func fail(_ waiter: Waiter, _ error: KindredError) {
        if case .reply = waiter { gauge.end() }
        waiter.fail(error)
    }

    // MARK: Writing

    private func send(_ message: ClientMessage, requestID: UInt64) {
        message.encode(requestID: requestID, timeoutMilliseconds: 0, end: false, into: &writer)
        writeWriter()
    }

    private func writeWriter() {
        writer.withUnsafeBytes { _ = outgoing.writeBytes($0) }
        writer.removeAll()
        scheduleFlush()
    }

    private func scheduleFlush() {
        guard !isFlushScheduled, let context else { return }
        isFlushScheduled = true
        // Runs at the end of this tick, so that the requests of many tasks share one write.
        context.eventLoop.assumeIsolated().execute { self.flush(nil) }
    }

    private func flush(_ promise: EventLoopPromise<Void>?) {
        isFlushScheduled = false
        guard let context, outgoing.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        let bytes = outgoing
        outgoing = context.channel.allocator.buffer(capacity: 1024)
        writes.begin(lastRequestID: state.lastRequestID, byteCount: bytes.readableBytes)
        let taken = promise ?? context.eventLoop.makePromise()
        taken.futureResult.assumeIsolated().whenSuccess { self.writes.end() }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: taken)
    }

    // MARK: Time

    private func schedule(_ deadline: NIODeadline) {
        guard let context else { return }
        if let timer {
            if timer.deadline <= deadline { return }
            timer.task.cancel()
        }
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire() }
        timer = (task, deadline)
    }

    private func expire() {
        timer = nil
        let (expired, next) = state.expire(now: .now())
        for (requestID, waiter) in expired {
            send(.cancel, requestID: requestID)
            if let waiter { fail(waiter, .deadlineExceeded()) }
        }
        if let next { schedule(next) }
        closeIfEnded()
    }

    // MARK: Ending

    private func closeIfEnded() {
        if let error = state.endError { close(error) }
        releaseSeedWaiters()
    }

    private func close(_ error: KindredError) {
        if closeError == nil { closeError = error }
        end(closeError ?? error)
        context?.close(promise: nil)
    }

    private func end(_ error: KindredError) {
        gauge.close()
        timer?.task.cancel()
        timer = nil
        for (waiter, own) in state.close(error, begunThrough: writes.begunThrough) { fail(waiter, own) }
        releaseSeedWaiters()
        opened.fail(error)
        left.succeed(nil)
    }
}
