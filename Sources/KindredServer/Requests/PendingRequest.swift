import KindredDomain
import KindredWire
import Synchronization

/// A request that was read and has had no END reply yet. Only its connection's event loop uses it.
final class PendingRequest {
    let connection: ConnectionHandler
    let id: UInt64
    let type: UInt8
    let receivedAt: UInt64
    /// Nanoseconds; the answer is DEADLINE_EXCEEDED after this.
    let deadline: UInt64
    let timeoutMilliseconds: UInt32
    /// Keeps its answer for later requests of the same bytes; nil where it is not to be kept.
    var answerKey: AnswerCache.Key?
    /// Bytes of its body.
    var bodyByteCount = 0
    /// The room that it has taken on its loop, until it is answered.
    private var charge = WorkCharge()
    /// When work on it began: at its first scan (RECOMMEND), after its last seed (LOOKALIKE), else at its first step.
    var startedAt: UInt64
    /// Its END reply has been written.
    private(set) var isAnswered = false
    private var isCancelled = false
    /// Of a request that the control thread does: a switch or a look at the repository.
    private var claim: RequestClaim?
    /// Set once it is answered, cancelled or dropped. Other loops that work on it read this.
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

    /// Whether it has taken room as a large request.
    var isLarge: Bool { charge.byteCount > 0 }

    /// Takes room for the request's cost; throws OVERLOADED where there is none.
    func charge(_ cost: RequestCost, on worker: LoopWorker) throws(RequestFailure) {
        charge = try worker.charge(cost, for: connection, now: receivedAt)
    }

    /// Gives back the room for planning: the request is planned.
    func releasePlanning() {
        connection.worker.finishPlanning(charge)
        charge.stepCount = 0
        charge.operationCount = 0
    }

    /// Gives back all room: the request is answered, cancelled or dropped.
    func releaseCharge() {
        guard charge != WorkCharge() else { return }
        releasePlanning()
        connection.changeWork(by: -charge.byteCount)
        charge = WorkCharge()
    }

    /// The claim that another thread takes before it does the request.
    func claimed() -> RequestClaim {
        let claim = RequestClaim(deadline: deadline, timeoutMilliseconds: timeoutMilliseconds)
        self.claim = claim
        return claim
    }

    /// The peer has cancelled the request, or is gone.
    func cancel() {
        isCancelled = true
        isDead.store(true, ordering: .relaxed)
        _ = claim?.giveUp()
    }

    /// Why the request is not worked on any more, if so: it is cancelled or late. A request that another thread has
    /// begun to do is answered, however late.
    func obstacle(now: UInt64) -> RequestFailure? {
        guard isCancelled || now > deadline, claim?.giveUp() ?? true else { return nil }
        return isCancelled ? .cancelled : .deadlineExceeded(milliseconds: timeoutMilliseconds)
    }

    /// Writes the END reply. A reply that exceeds a body becomes LIMIT_EXCEEDED. `now`: read from the clock where nil.
    func answer(_ message: ServerMessage, now: UInt64? = nil) {
        guard !isAnswered else { return }
        isAnswered = true
        isDead.store(true, ordering: .relaxed)
        connection.writeReply(message, to: self, now: now ?? connection.worker.now())
    }

    /// Writes a failure, unless another thread has begun to do the request: then its answer follows.
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
