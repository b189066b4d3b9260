import KindredDomain
import KindredWire
import NIOCore

/// Replies that a connection will send, in their order, until they are taken together.
struct ReplyBuffer: ~Copyable {
    private var writer = ByteWriter()
    /// The buffer that was taken last. Its memory is used again once the channel has let go of it.
    private var taken = ByteBuffer()
    private let bodyBytesMax: UInt32
    private var takenByteCount: UInt64 = 0

    /// A taken buffer is kept up to this size.
    private static let keptByteCountMax = 4 << 10

    init(bodyBytesMax: UInt32) { self.bodyBytesMax = bodyBytesMax }

    var byteCount: Int { writer.byteCount }
    /// Bytes that were ever appended.
    var totalByteCount: UInt64 { takenByteCount + UInt64(byteCount) }

    mutating func append(_ preface: ServerPreface) { preface.encode(into: &writer) }

    /// Appends the last reply of a request, and returns no ranges. Where the reply takes several frames, appends
    /// nothing and returns the range of results of each frame. Throws LIMIT_EXCEEDED, and appends nothing, where it
    /// exceeds a body.
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

    /// Appends a reply whose body is encoded already.
    mutating func appendReply(_ body: UnsafeRawBufferPointer, replyTo requestType: UInt8, requestID: UInt64) {
        writer.appendReply(body, replyTo: requestType, requestID: requestID)
    }

    /// Calls `body` with the bytes from `start` on.
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

    /// Takes all bytes, in one buffer; nil where there are none.
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

    /// Drops all bytes.
    mutating func discard() { writer = ByteWriter() }
}
