import KindredDomain
import KindredWire
import Logging
import NIOCore

/// How a connection ends: because of what arrived, because its peer is too slow, because the server ends.
extension ConnectionHandler {
    /// Tells the peer why its connection ends, and ends it.
    func fail(_ failure: ConnectionFailure) {
        logEnd(failure)
        if state.speaksFrames { outbound.append(GoAway(failure, lastRequestID: state.lastRequestID)) }
        closeGracefully()
    }

    /// Ends the connection at once: what the peer has not taken is lost.
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

    /// Sends what was written, tells the peer that nothing follows, and closes once the peer has all of it or the
    /// grace is over. What the peer still sends is read and thrown away: closing with unread input, or before the
    /// last replies have arrived, would make the system drop them.
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
            // The peer sends nothing that would have to be read first. Closing the output of a channel without input
            // closes it whole, and what it has not written is lost: so it closes once all is written.
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        } else {
            channel.close(mode: .output).whenComplete { _ in
                channel.closeOnceAcknowledged(worker: worker, deadline: deadline)
            }
        }
        stopWaiting()
        context.read()
    }

    /// The peer sends nothing more, and every frame that it sent was read: what is in flight is answered, then the
    /// connection ends.
    ///
    /// It is told so. A peer that has closed its other side too answers that with a reset, and then nothing is done for
    /// it any more.
    func endInput() {
        guard context != nil, !state.isClosing, !state.inputHasEnded else { return }
        // Seeds that have not come will not come any more.
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

    /// Announces the end: requests so far are answered, new ones refused.
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

    /// Ends what has taken too long. Called a few times a second.
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

    /// What the socket has not taken, and since when.
    private func noteReplies(now: UInt64) {
        if holding.outputByteCount > 0 || outbound.totalByteCount != holding.sweptByteCount { noteOutput() }
        holding.sweptByteCount = outbound.totalByteCount
        // Of a connection that is to end soon, what waits in the system counts too.
        let waits = holding.outputByteCount > 0 || state.isClosing || worker.isDraining
        debt.noteReplies(
            written: waits ? writtenByteCount : 0, acknowledged: waits ? acknowledgedByteCount : 0, now: now)
        if !streams.isEmpty { debt.noteStreams(now: now) }
        if debt.hasUnfinishedFrame { giveBackInput() }
    }

    /// A part of a frame that does not go on keeps no more memory than it has bytes.
    private func giveBackInput() {
        guard inbound.capacity > 2 * inbound.readableBytes + 1_024 else { return }
        inbound = ByteBuffer(bytes: inbound.readableBytesView)
    }

    /// In a drain: whether nothing is left to do but what the peer does not let happen.
    private func isStuck(now: UInt64) -> Bool {
        if debt.takesNothing(for: limits.lingerMilliseconds, now: now) { return true }
        return streams.count == pending.count && streams.values.allSatisfy(\.waitsForPeer)
            && state.isQuiet(for: limits.lingerMilliseconds, now: now)
    }

    private func endSlowPeer(_ failure: ConnectionFailure) {
        if holding.outputByteCount > 0 { return cutOff(failure) }
        fail(failure)
        inbound = ByteBuffer()
        holding.inputByteCount = 0
        countHolding()
    }

    // MARK: Memory

    /// Asks the channel what the socket has not taken.
    func noteOutput() {
        let buffered = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        holding.outputByteCount = outbound.byteCount + (buffered ?? 0)
        if holding.outputByteCount > 0 {
            debt.beginReplies(written: writtenByteCount, now: worker.now())
        } else {
            debt.endReplies()
        }
        countHolding()
    }

    /// Counts what this connection holds with what all others hold.
    func countHolding() {
        let difference = holding.count()
        if difference > 0, let since = debt.since { worker.noteDebt(since: since) }
        if difference != 0 { worker.changeHeld(by: difference) }
    }

    /// A large request was admitted, whose bytes are counted already.
    func takeWork(_ byteCount: Int) { holding.takeWork(byteCount) }

    /// A large request is done with.
    func changeWork(by byteCount: Int) {
        holding.workByteCount += byteCount
        countHolding()
    }

    /// Since when its peer has owed something for which memory is held.
    var owedSince: UInt64? { holding.byteCountOfPeer > 0 ? debt.since : nil }

    /// What ending this connection would free, where its peer owes something.
    func evictionCandidate(index: Int) -> Eviction.Candidate? {
        // What its peer has taken since the last look is not owed.
        if holding.outputByteCount > 0 { noteOutput() }
        guard holding.byteCountOfPeer > 0, let since = debt.since else { return nil }
        return Eviction.Candidate(index: index, byteCount: holding.byteCountOfPeer, since: since)
    }

    /// Ends the connection, whose peer is slow, for the memory that it holds.
    func evict() {
        let failure = ConnectionFailure.outOfRoom(bytes: UInt64(holding.byteCountOfPeer))
        if state.isClosing { cutOff(failure) } else { endSlowPeer(failure) }
    }
}
