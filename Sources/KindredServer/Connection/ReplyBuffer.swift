import KindredDomain
import KindredWire
import NIOCore

/// What a connection will send: replies in their order, until they are taken together.
struct ReplyBuffer: ~Copyable {
    private var writer = ByteWriter()
    /// What was taken last: its memory serves again once the channel has let go of it.
    private var taken = ByteBuffer()
    private let bodyBytesMax: UInt32
    private var takenByteCount: UInt64 = 0

    /// Bytes of a taken buffer that is kept.
    private static let keptByteCountMax = 4 << 10

    init(bodyBytesMax: UInt32) { self.bodyBytesMax = bodyBytesMax }

    var byteCount: Int { writer.byteCount }
    /// Bytes of all that was ever appended.
    var totalByteCount: UInt64 { takenByteCount + UInt64(byteCount) }

    mutating func append(_ preface: ServerPreface) { preface.encode(into: &writer) }

    /// Appends the last reply of a request. Throws LIMIT_EXCEEDED, and appends nothing, where it exceeds a body. Where
    /// it takes several frames, appends nothing and returns what goes into each.
    @discardableResult
    mutating func append(
        _ message: ServerMessage, replyTo requestType: UInt8, requestID: UInt64
    ) throws(RequestFailure) -> [Range<Int>] {
        try message.encodeWhole(
            replyTo: requestType, requestID: requestID, bodyBytesMax: bodyBytesMax, into: &writer)
    }

    /// Appends one frame of a reply that takes several.
    mutating func append(
        _ part: Range<Int>, of message: ServerMessage, isLast: Bool, replyTo requestType: UInt8,
        requestID: UInt64
    ) {
        message.encode(part, isLast: isLast, replyTo: requestType, requestID: requestID, into: &writer)
    }

    /// Appends the reply to a request whose body is known.
    mutating func appendReply(_ body: UnsafeRawBufferPointer, replyTo requestType: UInt8, requestID: UInt64) {
        writer.appendReply(body, replyTo: requestType, requestID: requestID)
    }

    /// Calls `body` with what was appended since there were `start` bytes.
    func withBytes(from start: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        writer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    mutating func append(_ failure: RequestFailure, replyTo requestType: UInt8, requestID: UInt64) {
        do throws(RequestFailure) {
            try append(.failure(ErrorReply(failure)), replyTo: requestType, requestID: requestID)
        } catch {
            preconditionFailure("an error's message is bounded far below a body")
        }
    }

    mutating func append(_ message: GoAway) {
        do throws(RequestFailure) {
            try append(.goAway(message), replyTo: 0, requestID: 0)
        } catch {
            preconditionFailure("GOAWAY's message is bounded far below a body")
        }
    }

    /// Appends DATA with `write`, which returns the body's bytes.
    mutating func appendData(_ write: (inout ByteWriter) -> Int) -> Int { write(&writer) }

    /// Everything, in one buffer; nil where there is nothing.
    mutating func take() -> ByteBuffer? {
        guard !writer.isEmpty else { return nil }
        takenByteCount += UInt64(writer.byteCount)
        taken.clear(minimumCapacity: writer.byteCount)
        writer.withUnsafeBytes { _ = taken.writeBytes($0) }
        writer.removeAll()
        guard taken.capacity > Self.keptByteCountMax else { return taken }
        defer { taken = ByteBuffer() }
        return taken
    }

    /// Forgets everything.
    mutating func discard() { writer = ByteWriter() }
}
