import DequeModule
import KindredDomain
import KindredWire
import Logging
import NIOCore

/// Moves bytes between a socket and the connection's state machine, and executes its decisions.
///
/// Replies of one tick are written into one buffer and flushed once. Reading stops while the peer does not read.
///
/// This file: state and channel events. Extensions: frames in (`+Input`), other frames than requests (`+Control`), jobs
/// (`+Jobs`), replies out (`+Output`), the end and its reasons (`+Ending`), memory (`+Memory`).
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let worker: LoopWorker
    let limits: Limits
    var state: ConnectionState
    var context: ChannelHandlerContext?
    var peer = ""
    /// The name that the peer gives itself.
    var clientName = ""

    // Input
    var inbound = ByteBuffer()
    var pauses: ReadPause = []
    var isReadWanted = false
    /// When the connection last left the queue of connections that wait to be read; 0: never.
    var leftReadQueueAt: UInt64 = 0
    /// The peer sends nothing more.
    private(set) var inputIsClosed = false

    // Requests
    /// Requests that outlive a tick, by id, and the look-alike streams among them.
    var pending: [UInt64: PendingRequest] = [:]
    var streams: [UInt64: LookalikeStream] = [:]
    /// Jobs that wait for the job before them, or for the peer to read its replies.
    var jobs: Deque<any LoopJob> = []
    var hasRunningJob = false

    // Output
    var outbound: ReplyBuffer
    var isFlushScheduled = false
    /// The socket takes more bytes. False before there is a socket, and after.
    private(set) var isWritable = false

    // Slow peers and memory
    var debt: PeerDebt
    var memory = ConnectionMemory()
    /// When a closing connection closes, even if its peer has not read all; nanoseconds.
    var closingDeadline = UInt64.max

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
        releaseMemory()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        // An empty buffer's memory is reused for the next read. A buffer that grew for a large body is not kept.
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
            // Later: this may be called while a frame is read.
            if pauses.contains(.replies) { resumeSoon(.replies) } else { readOnIfWanted() }
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        // While the peer does not read its replies, nothing more is read from it.
        let isWelcome = state.isClosing || (isWritable && pauses.isEmpty)
        if isWelcome { context.read() } else { isReadWanted = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The peer is gone: no failure can be sent.
        logger.debug("connection lost", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        context.close(promise: nil)
    }
}
