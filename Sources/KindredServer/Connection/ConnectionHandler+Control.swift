import KindredDomain
import KindredQuery
import KindredWire

/// Frames that are no requests, and look-alike streams, which consist of several frames.
extension ConnectionHandler {
    func receiveControl(_ header: FrameHeader, body: RawSpan, now: UInt64) throws(ConnectionFailure) {
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

    /// Throws LIMIT_EXCEEDED where no further stream may be opened on this connection.
    func checkStreamCount() throws(RequestFailure) {
        guard streams.count < Int(limits.streamsPerConnectionMax) else {
            throw .limitExceeded(
                .streamsPerConnection, found: UInt64(streams.count) + 1,
                limit: UInt64(limits.streamsPerConnectionMax))
        }
    }

    func openStream(
        _ request: PendingRequest, _ body: LookalikeRequest, _ generation: Generation, seedsEnd: Bool
    ) throws(RequestFailure) {
        let stream = try LookalikeStream(request, body, generation, server: worker.server, now: worker.now())
        streams[request.id] = stream
        worker.metrics.streamsOpened.count()
        try stream.receiveOpening(isLast: seedsEnd, on: worker)
    }
}
