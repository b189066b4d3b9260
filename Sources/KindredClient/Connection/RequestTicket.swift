/// What a caller and the event loop know of one request; touched on the event loop only.
final class RequestTicket {
    /// Nil until it was sent.
    var requestID: UInt64?
    var isCancelled = false
    /// Why it was not sent.
    var refusal: KindredError?
}
