import KindredWire
import NIOCore

extension ByteBuffer {
    /// Calls `body` with the bytes that are left to read.
    func withBytes<Result>(
        _ body: (RawSpan) throws(ConnectionFailure) -> Result
    ) throws(ConnectionFailure) -> Result {
        do {
            return try withUnsafeReadableBytes { pointer in try body(pointer.bytes) }
        } catch let failure as ConnectionFailure {
            throw failure
        } catch {
            preconditionFailure("only connection failures are thrown here")
        }
    }
}
