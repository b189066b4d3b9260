internal import KindredDomain
internal import KindredWire
internal import NIOCore

/// The bytes that arrive: preface, HELLO_OK, GOAWAY, replies and rows.
extension ConnectionState {
    /// Bytes of a DATA body with one row: the fixed part, a section's header and an id.
    private static var rowBytesLeast: Int { 32 }

    /// Reads at most one frame from the bytes that have arrived and are not consumed yet.
    package mutating func receive(_ bytes: RawSpan) -> (consumed: Int, action: Action) {
        switch phase {
        case .closed: return (bytes.byteCount, .proceed)
        case .preface:
            guard bytes.byteCount >= Preface.byteCount else { return (0, .needBytes) }
            return (Preface.byteCount, receivePreface(bytes))
        case .hello, .ready, .draining: return receiveFrame(bytes)
        }
    }

    private mutating func receivePreface(_ bytes: RawSpan) -> Action {
        do throws(ConnectionFailure) {
            let preface = try ServerPreface(decoding: bytes)
            guard preface.chosenMajor == ProtocolVersion.major else { return .close(KindredError(preface)) }
            phase = .hello
            return .proceed
        } catch {
            return .close(.protocolError(error.status, error.description))
        }
    }

    private mutating func receiveFrame(_ bytes: RawSpan) -> (consumed: Int, action: Action) {
        guard bytes.byteCount >= FrameHeader.byteCount else { return (0, .needBytes) }
        let header: FrameHeader
        do throws(ConnectionFailure) {
            header = try FrameHeader(
                decoding: bytes,
                bodyBytesMax: phase == .hello ? limits.bodyBytesBeforeHelloMax : limits.bodyBytesMax)
        } catch {
            return (0, .close(.protocolError(error.status, error.description)))
        }
        let end = FrameHeader.byteCount + Int(header.bodyLength)
        guard bytes.byteCount >= end else { return (0, .needBytes) }
        let body = bytes.extracting(FrameHeader.byteCount..<end)
        do throws(KindredError) {
            if phase == .hello { return (end, try receiveHello(header, body)) }
            if header.type == MessageType.goAway.rawValue { return (end, try receiveGoAway(header, body)) }
            return (end, try receiveReply(header, body))
        } catch {
            return (end, .close(error))
        }
    }

    private mutating func receiveHello(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        switch try decode(header, body) {
        case .helloOK(var reply) where header.requestID == Self.helloRequestID && header.isEnd:
            guard reply.minor <= ProtocolVersion.minor, reply.featuresGranted == 0 else {
                throw .protocolError(
                    .unexpectedFrame,
                    "the server chose version 1.\(reply.minor) with features \(reply.featuresGranted), which "
                        + "nobody offered")
            }
            limits = try reply.limits.adopted()
            reply.limits = limits
            phase = .ready
            return .opened(reply)
        case .failure(let reply) where header.requestID == Self.helloRequestID:
            try ReplyCheck.check(status: reply.status)
            throw KindredError(reply)
        case .goAway(let message): throw KindredError(message)
        default: throw unexpected(header)
        }
    }

    private mutating func receiveGoAway(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        guard case .goAway(let message) = try decode(header, body), header.requestID == 0 else {
            throw unexpected(header)
        }
        try noteUnasked()
        phase = .draining
        let error = KindredError(message)
        // The server has closed the connection: no reply follows.
        if message.status >> 8 == 6 { fault = error.processed }
        var tickets: [Ticket] = []
        for id in requests.keys.sorted() where id > message.lastRequestID {
            if requests[id]?.ticket != nil {
                if let ticket = letGo(id) { tickets.append(ticket) }
            } else {
                requests[id]?.stream?.fail(error.notProcessed)
            }
        }
        return .draining(message, notProcessed: tickets)
    }

    /// Counts a frame without a use. Throws PROTOCOL_ERROR when there are too many of them in a row.
    private mutating func noteUnasked() throws(KindredError) {
        unaskedCount += 1
        guard unaskedCount <= Limits.unaskedFramesMax else {
            throw .protocolError(
                .excessiveControl, "\(unaskedCount) frames in a row that answer nothing")
        }
    }

    private mutating func receiveReply(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        let id = header.requestID
        guard var request = requests[id], !request.isEndReceived else { throw unexpected(header) }
        if header.type == MessageType.data.rawValue { return try receiveData(header, body) }
        guard header.type == request.replyType else { throw unexpected(header) }
        try request.noteFrame(bodyByteCount: body.byteCount)
        if request.isOver {
            requests[id] = request
            if header.isEnd { finish(id) }
            return .proceed
        }
        let reply = try decode(header, body)
        if case .failure(let failure) = reply { try ReplyCheck.check(status: failure.status) }
        let whole: ServerReply?
        do throws(RequestFailure) {
            whole = try request.assembler.append(reply, isEnd: header.isEnd)
        } catch {
            throw .protocolError(.malformedBody, "the reply to request \(id): \(error)")
        }
        unaskedCount = 0
        guard let whole else {
            requests[id] = request
            return .proceed
        }
        guard request.isStream else {
            finish(id)
            guard let ticket = request.ticket else { return .proceed }
            if case .failure(let failure) = whole { return .failed(ticket, KindredError(failure)) }
            return .reply(ticket, whole)
        }
        request.isEndReceived = true
        request.giveUp()
        switch whole {
        case .lookalike(let summary) where request.stream?.seedsHaveEnded == true:
            try request.stream?.receive(summary)
        case .failure(let failure): request.stream?.fail(KindredError(failure))
        default: throw unexpected(header)
        }
        requests[id] = request
        return deliver(id)
    }

    private mutating func receiveData(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action {
        let id = header.requestID
        guard var request = requests[id], request.isStream, !header.isEnd else { throw unexpected(header) }
        try request.stream?.take(bodyByteCount: body.byteCount)
        let reply = request.isOver ? nil : try decode(header, body)
        guard case .data(let rows)? = reply, !rows.ids.isEmpty else {
            // The window limits the rows of a stream that was given up; empty frames need a limit of their own.
            if reply != nil || body.byteCount < Self.rowBytesLeast { try noteUnasked() }
            requests[id] = request
            return .proceed
        }
        guard request.stream?.seedsHaveEnded == true else { throw unexpected(header) }
        unaskedCount = 0
        request.deadline = nil
        request.hasRows = true
        try request.stream?.receive(rows, bodyByteCount: body.byteCount)
        requests[id] = request
        return deliver(id)
    }

    /// Gives a waiting reader its next event.
    private mutating func deliver(_ id: UInt64) -> Action {
        guard var request = requests[id], let ticket = request.ticket,
            let (event, windowLimit) = request.stream?.next()
        else { return .proceed }
        request.ticket = nil
        requests[id] = request
        release(id, after: event)
        return .event(ticket, event, requestID: id, windowLimit: windowLimit)
    }

    private mutating func finish(_ id: UInt64) {
        guard var request = requests[id] else { return }
        request.isEndReceived = true
        request.giveUp()
        request.owedBy = nil
        // A stream that failed on this side keeps its error until the reader has it.
        if request.isStream, !request.isAbandoned {
            requests[id] = request
            return
        }
        if !request.isAbandoned { awaitedCount -= 1 }
        requests[id] = nil
    }

    private func decode(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> ServerReply {
        do throws(RequestFailure) {
            return try ServerReply.decode(header: header, body: body)
        } catch {
            throw .protocolError(error.status, "the reply to request \(header.requestID): \(error)")
        }
    }

    private func unexpected(_ header: FrameHeader) -> KindredError {
        let failure = ConnectionFailure.unexpectedFrame(type: header.type, requestID: header.requestID)
        return .protocolError(failure.status, failure.description)
    }
}
