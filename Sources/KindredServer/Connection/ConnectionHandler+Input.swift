import KindredDomain
import KindredQuery
import KindredWire
import NIOCore

/// Bytes in: which frames are read, when reading pauses, and how each frame is handled.
extension ConnectionHandler {
    /// Why nothing is read from the peer. Bytes that are not read stay in the system's buffers.
    struct ReadPause: OptionSet {
        let rawValue: UInt8

        /// Too many jobs wait.
        static let jobs = ReadPause(rawValue: 1)
        /// The tick has read enough.
        static let tick = ReadPause(rawValue: 2)
        /// The peer does not read its replies.
        static let replies = ReadPause(rawValue: 4)
        /// A stream holds many seeds that are not looked up yet.
        static let seeds = ReadPause(rawValue: 8)
    }

    /// Frames that are read before other connections have their turn.
    private static let framesPerTurnMax = 16
    /// Bytes of an unfinished frame that are read without counting in the tick's budget.
    private static let partByteCountMin = 4 << 10

    // MARK: Reading

    func receive(_ bytes: consuming ByteBuffer) {
        var received = bytes
        let count = received.readableBytes
        worker.metrics.bytesReceived.count(UInt64(count))
        if inbound.readableBytes == 0 {
            inbound = received
        } else {
            inbound.writeBuffer(&received)
        }
        if !pauses.contains(.tick) { readFrames() }
        // Parts of frames count like whole frames: the bytes of a tick are bounded over all connections.
        if debt.hasUnfinishedFrame, count >= Self.partByteCountMin, pauses.isEmpty,
            !worker.takesPart(byteCount: count)
        {
            waitForTick()
        }
    }

    func readFrames() {
        let now = worker.now()
        readFrames(now: now)
        noteInput(now: now)
    }

    /// After frames were read: the peer owes the rest of an unfinished frame, unless the server pauses.
    private func noteInput(now: UInt64) {
        let count = inbound.readableBytes
        if count > 0, pauses.isEmpty, !state.isClosing {
            debt.noteFrame(byteCount: count, now: now)
        } else {
            debt.endFrame()
        }
        memory.inputByteCount = count
        countMemory()
        if inputIsClosed, pauses.isEmpty { endInput() }
    }

    /// Whether another frame may be read: there is room for its work and its reply.
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
        switch try state.decide(header) {
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
            try RequestDispatcher(worker: worker).dispatch(message, request, generation, isEnd: header.isEnd)
        } catch {
            request.fail(error)
            if header.type == MessageType.hello.rawValue { closeGracefully() }
        }
    }

    // MARK: Pauses

    private func waitForTick() {
        pauses.insert(.tick)
        worker.readLater(self)
    }

    /// A later tick has room to read the frames that waited.
    func tickHasRoom(now: UInt64) {
        leftReadQueueAt = now
        resume(.tick)
    }

    /// A stream has looked up the seeds that it held.
    func seedsWereTaken() { if pauses.contains(.seeds) { resumeSoon(.seeds) } }

    /// Ends a pause from a caller that may be reading a frame: reading goes on in a task of its own.
    func resumeSoon(_ pause: ReadPause) {
        pauses.remove(pause)
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute { bound.value.resume([]) }
    }

    private func resume(_ pause: ReadPause) {
        pauses.remove(pause)
        guard context != nil, pauses.isEmpty else { return }
        readFrames()
        readOnIfWanted()
    }

    func readOnIfWanted() {
        guard let context, pauses.isEmpty, isReadWanted, isWritable else { return }
        isReadWanted = false
        context.read()
    }

    /// The connection is closing: all further input is read and thrown away.
    func endPauses() { pauses = [] }
}

extension ByteBuffer {
    /// Calls `body` with the bytes that are left to read.
    fileprivate func withBytes<Result>(
        _ body: (RawSpan) throws(ConnectionFailure) -> Result
    ) throws(ConnectionFailure) -> Result {
        do {
            return try withUnsafeReadableBytes { pointer in try body(pointer.bytes) }
        } catch let failure as ConnectionFailure {
            throw failure
        } catch {
            preconditionFailure("only connection failures are thrown here")
        }
    }
}
