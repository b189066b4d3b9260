import KindredDomain
import KindredQuery
import KindredWire

/// Frames that belong to a request or to the connection: WINDOW, CANCEL, DATA and GOAWAY; and the opening of streams.
extension ConnectionHandler {
    func receiveControl(_ header: FrameHeader, body: RawSpan, now: UInt64) throws(ConnectionFailure) {
        let stream = streams[header.requestID]
        let type = MessageType(rawValue: header.type)
        // A frame for a request that has ended has crossed its reply.
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

    /// A control frame that does not decode, or that its stream refuses, ends its request or the connection.
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
            // Any other request is part of a scan. Its answer will say that it was cancelled.
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
