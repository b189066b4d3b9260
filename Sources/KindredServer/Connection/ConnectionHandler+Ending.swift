import KindredDomain
import KindredWire
import Logging
import NIOCore

/// How a connection ends: for a mistake of its peer, for a slow peer, or because the server ends.
extension ConnectionHandler {
    /// Tells the peer why its connection ends, and ends it.
    func fail(_ failure: ConnectionFailure) {
        logEnd(failure)
        if state.speaksFrames { outbound.append(GoAway(failure, lastRequestID: state.lastRequestID)) }
        closeGracefully()
    }

    /// Ends the connection at once. Replies that the peer has not taken are lost.
    func cutOff(_ failure: ConnectionFailure) {
        logEnd(failure)
        context?.close(promise: nil)
    }

    private func logEnd(_ failure: ConnectionFailure) {
        worker.metrics.connectionsFailed.count()
        logger.notice(
            "connection refused",
            metadata: [
                "peer": "\(peer)", "client": "\(clientName)", "status": "\(failure.status.name)",
                "reason": "\(failure)",
            ])
    }

    /// Sends the last replies, tells the peer that nothing follows, and closes once the peer has all of them or the
    /// grace is over. Further input is read and thrown away: a socket that is closed with unread input, or before the
    /// last replies have arrived, drops them.
    func closeGracefully() {
        guard let context, !state.isClosing else { return }
        state.close()
        for stream in streams.values { stream.abandon() }
        flush()
        let worker = worker
        closingDeadline = worker.now() + UInt64(worker.server.drainMilliseconds) * 1_000_000
        let deadline = closingDeadline
        let channel = context.channel
        if inputIsClosed {
            // Closing the output of a channel without input closes the whole channel, and drops bytes that are not
            // written. So it closes once all is written.
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        } else {
            channel.close(mode: .output).whenComplete { _ in
                channel.closeOnceAcknowledged(worker: worker, deadline: deadline)
            }
        }
        endPauses()
        context.read()
    }

    /// The peer sends nothing more, and all its frames were read. Requests in flight are answered, then the connection
    /// ends.
    ///
    /// The peer is told by GOAWAY. A peer that has closed its other side too answers with a reset, which drops its
    /// requests.
    func endInput() {
        guard context != nil, !state.isClosing, !state.inputHasEnded else { return }
        // Streams that wait for seeds will not get them.
        for (id, stream) in streams where !stream.seedsHaveEnded {
            stream.abandon()
            pending[id]?.fail(.cancelled)
        }
        if state.endInput() { return closeGracefully() }
        outbound.append(
            GoAway(
                status: .ok, graceMilliseconds: worker.server.drainMilliseconds,
                lastRequestID: state.lastRequestID, message: "the client sends nothing more"))
        scheduleFlush()
    }

    /// Announces the end: requests in flight are answered, new ones refused.
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

    // MARK: Too slow

    /// Ends the connection, or requests of it, where the peer or a deadline says so. Called a few times a second.
    func sweep(now: UInt64) {
        noteReplies(now: now)
        if state.isClosing {
            let isStuck = worker.isDraining && debt.takesNothing(for: limits.lingerMilliseconds, now: now)
            if isStuck || now > closingDeadline { context?.close(promise: nil) }
            return
        }
        if let failure = state.timeout(now: now) {
            fail(failure)
            return
        }
        if let failure = debt.failure(now: now) {
            endSlowPeer(failure)
            return
        }
        if worker.isDraining, isStuck(now: now) {
            cutOff(.slowReader(milliseconds: limits.lingerMilliseconds))
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

    /// Notes how much of the replies the peer has taken.
    private func noteReplies(now: UInt64) {
        if memory.outputByteCount > 0 || outbound.totalByteCount != memory.sweptByteCount { noteOutput() }
        memory.sweptByteCount = outbound.totalByteCount
        // Of a connection that is about to end, bytes in the system's buffers count too.
        let waits = memory.outputByteCount > 0 || state.isClosing || worker.isDraining
        debt.noteReplies(
            written: waits ? writtenByteCount : 0, acknowledged: waits ? acknowledgedByteCount : 0, now: now)
        if !streams.isEmpty { debt.noteStreams(now: now) }
        if debt.hasUnfinishedFrame { giveBackInput() }
    }

    /// During shutdown: true if only the peer holds the connection open.
    private func isStuck(now: UInt64) -> Bool {
        if debt.takesNothing(for: limits.lingerMilliseconds, now: now) { return true }
        return streams.count == pending.count && streams.values.allSatisfy(\.waitsForPeer)
            && state.isQuiet(for: limits.lingerMilliseconds, now: now)
    }

    func endSlowPeer(_ failure: ConnectionFailure) {
        if memory.outputByteCount > 0 { return cutOff(failure) }
        fail(failure)
        inbound = ByteBuffer()
        memory.inputByteCount = 0
        countMemory()
    }
}
