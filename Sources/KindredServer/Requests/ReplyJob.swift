import KindredWire

/// Writes a reply that takes several frames: one frame in a step, and only while the peer reads them.
final class ReplyJob: LoopJob {
    private enum Stage {
        /// The next step does nothing: the caller that starts the job may have written a frame just now.
        case resting(frame: Int)
        /// The next step writes the frame of this number.
        case writing(frame: Int)
    }

    private let request: PendingRequest
    private let message: LargeMessage
    /// What goes into each frame.
    private let parts: [Range<Int>]
    private var stage = Stage.resting(frame: 0)
    var connection: ConnectionHandler? { request.connection }

    init(_ request: PendingRequest, _ message: ServerMessage, _ parts: [Range<Int>]) {
        self.request = request
        self.message = LargeMessage(message)
        self.parts = parts
    }

    /// Frees the message on another thread: freeing tens of megabytes takes milliseconds.
    deinit { request.connection.worker.server.memory.letGo(of: message) }

    private final class LargeMessage: Sendable {
        let message: ServerMessage

        init(_ message: ServerMessage) { self.message = message }
    }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        switch stage {
        case .resting(let frame):
            stage = .writing(frame: frame)
            return .working
        case .writing(let frame):
            stage = .resting(frame: frame + 1)
            let isLast = frame == parts.count - 1
            request.connection.writePart(
                parts[frame], of: message.message, isLast: isLast, to: request, now: now)
            if !isLast { request.connection.goOn(with: self) }
            return .finished
        }
    }
}
