package import KindredWire

/// What waits for a request on the event loop: resumed exactly once.
package enum Waiter: Sendable {
    case reply(CheckedContinuation<Result<ServerReply, KindredError>, Never>)
    case event(CheckedContinuation<StreamEvent, Never>)
    /// Opens a stream: waits for nothing itself, its reader does.
    case stream

    func fail(_ error: KindredError) {
        switch self {
        case .reply(let continuation): continuation.resume(returning: .failure(error))
        case .event(let continuation): continuation.resume(returning: .failed(error))
        case .stream: break
        }
    }
}
