import KindredDomain
import KindredWire
import Synchronization

/// A request that was read and has had no END reply yet. Touched by its connection's event loop alone.
final class PendingRequest {
    let connection: ConnectionHandler
    let id: UInt64
    let type: UInt8
    let receivedAt: UInt64
    /// Nanoseconds; the answer is DEADLINE_EXCEEDED after this.
    let deadline: UInt64
    let timeoutMilliseconds: UInt32
    /// What its answer is kept by for the next request like it, if it is to be kept.
    var answerKey: AnswerCache.Key?
    /// Bytes of its body.
    var bodyByteCount = 0
    /// What it has taken of its loop's room, until it is answered.
    private var charge = WorkCharge()
    /// When what it waits for ended: the scan began that answers its first queries, its seeds were all in, or the first
    /// of its ids was looked up.
    var startedAt: UInt64
    /// Its END reply has been written.
    private(set) var isAnswered = false
    private var isCancelled = false
    /// Of a request that changes something on another thread.
    private var claim: RequestClaim?
    /// Set once nobody waits for an answer; other loops that work on it look here.
    let isDead = Atomic<Bool>(false)

    init(connection: ConnectionHandler, header: FrameHeader, limits: Limits, now: UInt64) {
        self.connection = connection
        id = header.requestID
        type = header.type
        receivedAt = now
        startedAt = now
        timeoutMilliseconds = header.argument == 0 ? limits.timeoutMillisecondsDefault : header.argument
        deadline = now + UInt64(timeoutMilliseconds) * 1_000_000
    }

    /// Whether it was admitted as a large request.
    var isLarge: Bool { charge.byteCount > 0 }

    /// Takes room for what the request costs; throws OVERLOADED where there is none.
    func charge(_ cost: RequestCost, on worker: LoopWorker) throws(RequestFailure) {
        charge = try worker.admit(cost, for: connection, now: receivedAt)
    }

    /// Gives back the room for what is planned already.
    func releasePlanning() {
        connection.worker.finishPlanning(charge)
        charge.stepCount = 0
        charge.operationCount = 0
    }

    /// Gives back all room: the request is answered, or nobody waits for it.
    func releaseCharge() {
        guard charge != WorkCharge() else { return }
        releasePlanning()
        connection.changeWork(by: -charge.byteCount)
        charge = WorkCharge()
    }

    /// The claim that whoever does the request has to take first.
    func claimed() -> RequestClaim {
        let claim = RequestClaim(deadline: deadline, timeoutMilliseconds: timeoutMilliseconds)
        self.claim = claim
        return claim
    }

    /// Nobody wants the answer any more.
    func cancel() {
        isCancelled = true
        isDead.store(true, ordering: .relaxed)
        _ = claim?.giveUp()
    }

    /// Why no answer is worth computing any more, if so: cancelled, too late, or nobody there to read it. What is being
    /// done already is answered, however late.
    func obstacle(now: UInt64) -> RequestFailure? {
        guard isCancelled || now > deadline, claim?.giveUp() ?? true else { return nil }
        return isCancelled ? .cancelled : .deadlineExceeded(milliseconds: timeoutMilliseconds)
    }

    /// Writes the END reply. A reply that exceeds a body becomes the failure that says so. `now`: where that is known.
    func answer(_ message: ServerMessage, now: UInt64? = nil) {
        guard !isAnswered else { return }
        isAnswered = true
        isDead.store(true, ordering: .relaxed)
        connection.writeReply(message, to: self, now: now ?? connection.worker.now())
    }

    /// Says that nothing came of the request, unless it is being done already: then its answer follows.
    func fail(_ failure: RequestFailure) {
        guard claim?.giveUp() ?? true else { return }
        answer(.failure(ErrorReply(failure)))
    }

    /// Fills in the times of an answer that is ready at `now`.
    func stamp(_ origin: inout AnswerOrigin, now: UInt64) {
        origin.queueMicroseconds = Self.microseconds(startedAt &- receivedAt)
        origin.computeMicroseconds = Self.microseconds(now &- startedAt)
    }

    static func microseconds(_ nanoseconds: UInt64) -> UInt32 { UInt32(clamping: nanoseconds / 1_000) }
}
