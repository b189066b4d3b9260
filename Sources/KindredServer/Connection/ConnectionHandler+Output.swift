import KindredDomain
import KindredWire
import NIOCore

/// Bytes out: replies are appended to one buffer, which is flushed at the end of a tick.
extension ConnectionHandler {
    /// Bytes of replies that gather before they are flushed within a tick.
    private static let gatheredByteCountMax = 256 << 10
    /// Writes up to this size are not followed by a look at how much the socket took.
    private static let smallWriteByteCountMax = 16 << 10

    /// True while the peer reads its replies, or is gone. Flushes where many replies have gathered.
    var hasRoom: Bool {
        if outbound.byteCount > Self.gatheredByteCountMax { flush() }
        return isWritable || context == nil
    }

    /// Appends the last reply of a request. A reply that takes several frames is written frame by frame, as the peer
    /// reads them.
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

    /// The last reply of a request was appended.
    func complete(now: UInt64) {
        if state.complete(now: now) { closeGracefully() }
        scheduleFlush()
    }

    /// Appends a failure for a request that is not in flight, or whose reply could not be encoded.
    func writeFailure(_ failure: RequestFailure, requestType: UInt8, requestID: UInt64) {
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

    /// Bytes that were ever appended.
    var writtenByteCount: UInt64 { outbound.totalByteCount }

    /// Bytes of these that the peer's system has acknowledged.
    var acknowledgedByteCount: UInt64 {
        let waiting = outbound.byteCount + (context?.channel.unacknowledgedByteCount ?? 0)
        return writtenByteCount - min(UInt64(waiting), writtenByteCount)
    }

    /// Writes the gathered replies as one buffer.
    func flush() {
        isFlushScheduled = false
        guard let context, let bytes = outbound.take() else { return }
        let count = bytes.readableBytes
        worker.metrics.bytesSent.count(UInt64(count))
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if count > Self.smallWriteByteCountMax || !isWritable || memory.outputByteCount > 0 { noteOutput() }
    }
}
