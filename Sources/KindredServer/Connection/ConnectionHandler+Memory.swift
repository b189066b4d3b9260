import KindredWire
import NIOCore

/// The memory that a connection holds, and its end where memory is short.
extension ConnectionHandler {
    /// Bytes of a connection from which on it is worth looking, once it has ended, whether the heap can be given back.
    private static let largeByteCount = 256 << 10

    /// Asks the channel how many bytes the socket has not taken.
    func noteOutput() {
        let buffered = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        memory.outputByteCount = outbound.byteCount + (buffered ?? 0)
        if memory.outputByteCount > 0 {
            debt.beginReplies(written: writtenByteCount, now: worker.now())
        } else {
            debt.endReplies()
        }
        countMemory()
    }

    /// Counts this connection's memory with that of all others.
    func countMemory() {
        let difference = memory.count()
        if difference > 0, let since = debt.since { worker.noteDebt(since: since) }
        if difference != 0 { worker.changeHeld(by: difference) }
    }

    /// A large request has taken room. Its bytes are counted already.
    func takeWork(_ byteCount: Int) { memory.takeWork(byteCount) }

    /// Large requests hold `byteCount` bytes more (or fewer).
    func changeWork(by byteCount: Int) {
        memory.workByteCount += byteCount
        countMemory()
    }

    /// An unfinished frame that makes no progress keeps no more memory than it has bytes.
    func giveBackInput() {
        guard inbound.capacity > 2 * inbound.readableBytes + 1_024 else { return }
        inbound = ByteBuffer(bytes: inbound.readableBytesView)
    }

    /// The connection has ended and holds nothing more.
    func releaseMemory() {
        if memory.counted >= Self.largeByteCount { worker.server.memory.lookSoon() }
        memory = ConnectionMemory(counted: memory.counted)
        countMemory()
    }

    /// Since when the peer has owed something for which memory is held; nanoseconds.
    var owedSince: UInt64? { memory.byteCountOfPeer > 0 ? debt.since : nil }

    /// The memory that ending this connection would free, where its peer owes something.
    func evictionCandidate(index: Int) -> Eviction.Candidate? {
        // Bytes that the peer has taken since the last look are not owed.
        if memory.outputByteCount > 0 { noteOutput() }
        guard memory.byteCountOfPeer > 0, let since = debt.since else { return nil }
        return Eviction.Candidate(index: index, byteCount: memory.byteCountOfPeer, since: since)
    }

    /// Ends the connection of a slow peer, for the memory that it holds.
    func evict() {
        let failure = ConnectionFailure.outOfRoom(bytes: UInt64(memory.byteCountOfPeer))
        if state.isClosing { cutOff(failure) } else { endSlowPeer(failure) }
    }
}
