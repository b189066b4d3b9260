package import KindredWire
internal import NIOCore

/// A request on its way to the event loop. Its body is encoded on the caller's thread; its header, which has the id, on
/// the event loop.
struct OutgoingRequest: Sendable {
    let type: MessageType
    let body: [UInt8]
    /// False: seeds follow in DATA frames.
    var isEnd = true
    /// The parts of its whole answer.
    let expectation: ReplyAssembler.Expectation
    var stream: StreamState?
    let deadline: NIODeadline

    init(_ message: ClientMessage, deadline: NIODeadline) {
        type = message.type
        expectation = ReplyAssembler.Expectation(message)
        var writer = ByteWriter()
        message.encodeBody(into: &writer)
        body = writer.bytes
        self.deadline = deadline
    }
}

extension ReplyAssembler.Expectation {
    /// The parts of the whole answer to a request.
    init(_ message: ClientMessage) {
        switch message {
        case .recommend(let request):
            self = .recommend(
                queries: request.scope.queries.count, resultsPerQueryMax: Int(request.k))
        case .score(let request):
            let queries = request.scope.queries.count
            let lists = request.candidates.offsets == nil ? queries : 1
            self = .score(queries: queries, scores: request.candidates.ids.count * lists)
        case .vectors(let request): self = .vectors(ids: request.ids.count)
        default: self = .single
        }
    }
}

/// Connects a caller with its request on the event loop. Used on the event loop only.
final class RequestTicket {
    /// Nil until the request is sent.
    var requestID: UInt64?
    var isCancelled = false
    /// Why the request was not sent.
    var refusal: KindredError?
}

/// The continuation of a caller that waits; resumed exactly once.
package enum Waiter: Sendable {
    case reply(CheckedContinuation<Result<ServerReply, KindredError>, Never>)
    case event(CheckedContinuation<StreamEvent, Never>)
    /// Opens a stream. Only its reader waits.
    case stream

    func fail(_ error: KindredError) {
        switch self {
        case .reply(let continuation): continuation.resume(returning: .failure(error))
        case .event(let continuation): continuation.resume(returning: .failed(error))
        case .stream: break
        }
    }
}
