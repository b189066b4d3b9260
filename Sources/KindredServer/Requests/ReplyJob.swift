import KindredWire

/// Writes a reply that takes several frames: one frame in a step, and only while the peer takes them.
final class ReplyJob: LoopJob {
    private let request: PendingRequest
    private let message: LargeMessage
    private let parts: [Range<Int>]
    private var next = 0
    private var isDue = false
    var connection: ConnectionHandler? { request.connection }

    /// `parts`: what goes into each frame.
    init(_ request: PendingRequest, _ message: ServerMessage, _ parts: [Range<Int>]) {
        self.request = request
        self.message = LargeMessage(message)
        self.parts = parts
    }

    /// Freeing tens of megabytes takes milliseconds that no event loop has.
    deinit { request.connection.worker.server.memory.letGo(of: message) }

    /// A message that is freed elsewhere.
    private final class LargeMessage: Sendable {
        let message: ServerMessage

        init(_ message: ServerMessage) { self.message = message }
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        // Whoever starts a job may have written a frame just now: this one waits for the next step.
        guard isDue else {
            isDue = true
            return .working
        }
        isDue = false
        let isLast = next == parts.count - 1
        request.connection.writePart(parts[next], of: message.message, isLast: isLast, to: request, now: now)
        next += 1
        if !isLast { request.connection.goOn(with: self) }
        return .finished
    }
}
