import KindredClient
import KindredWire
import NIOCore
import NIOPosix
import Testing

/// A server that a test scripts. It listens on a free port of this machine.
final class ScriptedPeer: Sendable {
    /// Called with each frame of a client, on the connection's event loop.
    typealias Script = @Sendable (FrameHeader, ClientMessage, PeerConnection) -> Void

    private let channel: any Channel
    let endpoint: Endpoint

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        endpoint = Endpoint(host: "127.0.0.1", port: port)
    }

    /// Listens. Opens connections with `preface` and `limits`; without a preface it sends nothing. `opening` replaces
    /// both; it runs when the client's preface has arrived.
    static func start(
        preface: ServerPreface? = ServerPreface(), limits: Limits = .standard,
        opening: (@Sendable (PeerConnection) -> Void)? = nil, script: @escaping Script
    ) async throws -> ScriptedPeer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        PeerConnection(preface: preface, limits: limits, opening: opening, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedPeer(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    func stop() async { try? await channel.close() }

    /// A client of this peer, for one test.
    func connect(_ configuration: ClientConfiguration = ClientConfiguration()) async throws
        -> KindredConnection
    {
        try await KindredConnection.connect(to: endpoint, configuration: configuration)
    }
}

/// The peer's side of one connection.
final class PeerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let preface: ServerPreface?
    private let limits: Limits
    private let opening: (@Sendable (PeerConnection) -> Void)?
    private let script: ScriptedPeer.Script
    private var received = ByteBuffer()
    private var hasPreface = false
    private var context: ChannelHandlerContext?
    /// For the script: frames to answer later.
    var kept: [(header: FrameHeader, message: ClientMessage)] = []
    /// For the script: sends the rows of a stream.
    var sender: AudienceStreamTests.Sender?
    /// For the script: changes the written bytes.
    var change: HostileChange?
    /// For the script: a counter.
    var counter: UInt64 = 0

    init(
        preface: ServerPreface?, limits: Limits, opening: (@Sendable (PeerConnection) -> Void)?,
        script: @escaping ScriptedPeer.Script
    ) {
        self.preface = preface
        self.opening = opening
        self.limits = limits
        self.script = script
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        if !hasPreface {
            guard received.readableBytes >= Preface.byteCount else { return }
            received.moveReaderIndex(forwardBy: Preface.byteCount)
            hasPreface = true
            if let opening { return opening(self) }
            guard let preface else { return }
            var writer = ByteWriter()
            preface.encode(into: &writer)
            write(raw: writer.bytes)
        }
        guard preface?.chosenMajor == ProtocolVersion.major, opening == nil else { return }
        while let (header, message) = frame() {
            if case .hello = message {
                reply(.helloOK(HelloReply(limits: limits, serverName: "peer", defaultModel: nil)), to: header)
            } else {
                script(header, message, self)
            }
        }
    }

    private func frame() -> (FrameHeader, ClientMessage)? {
        received.withUnsafeReadableBytes { bytes -> (FrameHeader, ClientMessage)? in
            guard bytes.count >= FrameHeader.byteCount,
                let header = try? FrameHeader(decoding: bytes.bytes, bodyBytesMax: .max),
                bytes.count >= FrameHeader.byteCount + Int(header.bodyLength)
            else { return nil }
            let body = UnsafeRawBufferPointer(
                rebasing: bytes[FrameHeader.byteCount..<FrameHeader.byteCount + Int(header.bodyLength)])
            guard let message = try? ClientMessage.decode(type: header.type, body: body.bytes, limits: limits)
            else { return nil }
            return (header, message)
        }.map { frame in
            received.moveReaderIndex(forwardBy: FrameHeader.byteCount + Int(frame.0.bodyLength))
            return frame
        }
    }

    /// Answers a request. Returns the number of bytes after the first header.
    @discardableResult
    func reply(_ message: ServerMessage, to header: FrameHeader, bodyBytesMax: UInt32 = 4 << 20) -> Int {
        var writer = ByteWriter()
        guard
            (try? message.encode(
                replyTo: header.type, requestID: header.requestID, bodyBytesMax: bodyBytesMax, into: &writer))
                != nil
        else { return 0 }
        write(raw: writer.bytes)
        return writer.byteCount - FrameHeader.byteCount
    }

    /// A function that answers a request, for any thread and any time.
    func replier(to header: FrameHeader) -> @Sendable (ServerMessage) -> Void {
        guard let loop = context?.eventLoop else { return { _ in } }
        let connection = NIOLoopBound(self, eventLoop: loop)
        return { message in loop.execute { connection.value.reply(message, to: header) } }
    }

    func goAway(_ message: GoAway) {
        var writer = ByteWriter()
        try? ServerMessage.goAway(message).encode(replyTo: 0, requestID: 0, bodyBytesMax: .max, into: &writer)
        write(raw: writer.bytes)
    }

    func write(raw bytes: [UInt8]) {
        let bytes = change?(bytes) ?? bytes
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func close() { context?.close(promise: nil) }

    /// A function that closes the connection, for any thread and any time.
    var closer: @Sendable () -> Void {
        guard let loop = context?.eventLoop else { return {} }
        let connection = NIOLoopBound(self, eventLoop: loop)
        return { loop.execute { connection.value.close() } }
    }

    /// Reads no more bytes of the client.
    func stopReading() {
        context?.channel.setOption(.autoRead, value: false).whenFailure { Issue.record($0) }
    }

    /// Sends the bytes again and again, as fast as the client reads them.
    func flood(_ bytes: [UInt8]) {
        guard let context else { return }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { self.flood(bytes) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: sent)
    }

    /// Sends the bytes that `next` returns, every few milliseconds, until it returns nil.
    func trickle(every pause: TimeAmount = .milliseconds(20), _ next: @escaping () -> [UInt8]?) {
        guard let context, context.channel.isActive, let bytes = next() else { return }
        write(raw: bytes)
        _ = context.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.trickle(every: pause, next) }
    }
}
