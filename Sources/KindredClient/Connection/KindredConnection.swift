package import KindredDomain
package import KindredWire
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// One TCP connection to a server. Many tasks may use it at once: their requests are pipelined.
///
/// A request's path takes no lock and enters no actor: its body is encoded by the caller, one hop to the event
/// loop sends it, and its answer resumes the caller from there.
public final class KindredConnection: Sendable {
    /// The server's name, limits and default model.
    package let server: HelloReply
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let gauge: ConnectionGauge
    private let left: EventLoopFuture<Duration?>
    private let configuration: ClientConfiguration

    private init(
        server: HelloReply, channel: any Channel, handler: NIOLoopBound<ConnectionHandler>,
        gauge: ConnectionGauge, left: EventLoopFuture<Duration?>, configuration: ClientConfiguration
    ) {
        self.server = server
        self.channel = channel
        self.handler = handler
        self.gauge = gauge
        self.left = left
        self.configuration = configuration
    }

    /// Connects, and waits until the server has accepted.
    ///
    /// Throws CONNECTION_LOST when no server accepts within the configuration's `connectTimeout`, PROTOCOL_ERROR when
    /// the peer is no Kindred server, CANCELLED, and the server's refusal. `KindredClient` does this by itself.
    ///
    /// ```swift
    /// let connection = try await KindredConnection.connect(to: Endpoint(host: "127.0.0.1", port: 7411))
    /// ```
    public static func connect(
        to endpoint: Endpoint, configuration: ClientConfiguration = ClientConfiguration()
    ) async throws(KindredError) -> KindredConnection {
        let timeout = TimeAmount(configuration.connectTimeout)
        let deadline = NIODeadline.now() + timeout
        let gauge = ConnectionGauge()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let opened = loop.makePromise(of: HelloReply.self)
        let left = loop.makePromise(of: Duration?.self)
        let hello = HelloRequest(clientName: configuration.clientName, token: configuration.token)
        do {
            let (channel, handler) = try await ClientBootstrap(group: loop)
                .connectTimeout(timeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: endpoint.host, port: endpoint.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = ConnectionHandler(
                            hello: hello, opened: opened, left: left, gauge: gauge)
                        try channel.pipeline.syncOperations.addHandler(handler)
                        return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                    }
                }
            let watchdog = loop.scheduleTask(deadline: deadline) {
                opened.fail(KindredError.connectionLost("\(endpoint) did not accept within \(timeout)"))
            }
            defer { watchdog.cancel() }
            do {
                let server = try await withTaskCancellationHandler {
                    try await opened.futureResult.get()
                } onCancel: {
                    opened.fail(KindredError.cancelled)
                }
                return KindredConnection(
                    server: server, channel: channel, handler: handler, gauge: gauge,
                    left: left.futureResult, configuration: configuration)
            } catch {
                channel.close(promise: nil)
                throw error
            }
        } catch let error as KindredError {
            throw error
        } catch {
            opened.fail(error)
            left.succeed(nil)
            throw .connectionLost("cannot connect to \(endpoint): \(reason(of: error))")
        }
    }

    /// Why no connection could be made: the system's reasons, each once, without the network library's details.
    private static func reason(of error: any Error) -> String {
        switch error {
        case let failure as NIOConnectionError:
            var causes = failure.connectionErrors.map { $0.error }
            if causes.isEmpty { causes = [failure.dnsAError, failure.dnsAAAAError].compactMap { $0 } }
            var reasons: [String] = []
            for cause in causes.map({ reason(of: $0) }) where !reasons.contains(cause) {
                reasons.append(cause)
            }
            return reasons.isEmpty ? "\(failure)" : reasons.joined(separator: ", ")
        case let failure as IOError: return systemText(failure.errnoCode)
        case let failure as SocketAddressError.UnknownHost: return failure.errorDescription
        case ChannelError.connectTimeout(let timeout): return "no answer within \(timeout)"
        default: return "\(error)"
        }
    }

    /// The system's text for an errno value, from NIO's text `REASON: WORDS) (errno: CODE)`.
    private static func systemText(_ code: Int32) -> String {
        var text = IOError(errnoCode: code, reason: "").description[...]
        if text.hasPrefix(": ") { text = text.dropFirst(2) }
        if let end = text.firstRange(of: " (errno:") { text = text[..<end.lowerBound] }
        if text.hasSuffix(")") { text = text.dropLast() }
        return String(text)
    }

    /// True until the server takes no more requests, or the connection has ended.
    public var isOpen: Bool { gauge.isOpen }

    /// Requests whose caller waits for the answer.
    public var inFlightCount: Int { gauge.inFlightCount }

    /// Ends the connection; requests in flight fail with CONNECTION_LOST.
    public func close() async {
        closeSoon()
        await closed()
    }

    /// Ends the connection without waiting for it.
    func closeSoon() {
        let handler = handler
        channel.eventLoop.execute { handler.value.shutDown() }
    }

    /// Ends the connection to a server whose answer does not fit the request.
    private func closeSoon(_ error: KindredError) {
        let handler = handler
        channel.eventLoop.execute { handler.value.shutDown(error) }
    }

    /// Returns when the server takes no more requests, with the wait that it asks for.
    func leaving() async -> Duration? { (try? await left.get()) ?? nil }

    /// Returns when the connection has ended.
    package func closed() async { try? await channel.closeFuture.get() }

    /// The limits of this connection's requests.
    package var limits: Limits { server.limits }

    // MARK: Requests

    /// Sends one request, waits for its whole answer and checks it against the request.
    ///
    /// Throws PROTOCOL_ERROR, and ends the connection, when the answer does not fit the request.
    /// Cancelling the task sends CANCEL and throws CANCELLED at once.
    package func exchange(
        _ message: ClientMessage, deadline: NIODeadline
    ) async throws(KindredError) -> ServerReply {
        let outgoing = OutgoingRequest(message, deadline: deadline)
        try check(outgoing)
        let loop = channel.eventLoop
        let handler = handler
        let ticket = NIOLoopBoundBox.makeBoxSendingValue(
            RequestTicket(), as: RequestTicket.self, eventLoop: loop)
        gauge.begin()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { handler.value.submit(outgoing, .reply(continuation), ticket.value) }
            }
        } onCancel: {
            loop.execute { handler.value.cancel(ticket.value) }
        }
        let reply = try result.get()
        do throws(KindredError) {
            try ReplyCheck.check(reply, answers: message)
        } catch {
            closeSoon(error)
            throw error
        }
        return reply
    }

    /// Opens a look-alike stream. `seedsFollow`: seeds are sent in DATA frames.
    package func open(
        _ request: LookalikeRequest, seedsFollow: Bool, deadline: NIODeadline
    ) throws(KindredError) -> StreamHandle {
        try limits.checkStreams()
        var outgoing = OutgoingRequest(.lookalike(request), deadline: deadline)
        try check(outgoing)
        outgoing.isEnd = !seedsFollow
        outgoing.stream = StreamState(
            windowBytes: request.windowBytes,
            progressTime: .milliseconds(Int64(limits.streamProgressMilliseconds)),
            duration: TimeAmount(configuration.streamTimeout))
        outgoing.stream?.seedsHaveEnded = !seedsFollow
        return StreamHandle(
            opening: outgoing, check: AudienceCheck(request), channel: channel, handler: handler,
            gauge: gauge, dataBodyBytesMax: Int(limits.dataBodyBytesMax))
    }

    private func check(_ request: OutgoingRequest) throws(KindredError) {
        guard request.body.count <= Int(limits.bodyBytesMax) else {
            throw KindredError(
                .limitExceeded, "a request of \(request.body.count) bytes: at most \(limits.bodyBytesMax)",
                value: UInt64(request.body.count), limit: UInt64(limits.bodyBytesMax))
        }
    }
}

/// The state of a connection that other threads may read without a hop to its event loop.
final class ConnectionGauge: Sendable {
    private let inFlight = Atomic<Int>(0)
    private let open = Atomic<Bool>(true)

    /// Requests whose caller waits.
    var inFlightCount: Int { inFlight.load(ordering: .relaxed) }

    /// True until GOAWAY or the end of the connection.
    var isOpen: Bool { open.load(ordering: .acquiring) }

    func begin() { inFlight.add(1, ordering: .relaxed) }
    func end() { inFlight.subtract(1, ordering: .relaxed) }
    func close() { open.store(false, ordering: .releasing) }
}
