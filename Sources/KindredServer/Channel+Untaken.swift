import CKindredSystem
import NIOCore

extension Channel {
    /// Bytes that were written and that the peer's system has not acknowledged: in the channel's buffer, and in the
    /// socket's. Only on the channel's event loop.
    var untakenByteCount: Int {
        let buffered = try? syncOptions?.getOption(.bufferedWritableBytes)
        return (buffered ?? 0) + max(0, Int(unacknowledgedByteCount ?? 0))
    }

    /// Those in the socket's buffer. Nil where the transport is no socket, below 0 where it is gone.
    var unacknowledgedByteCount: Int32? {
        try? pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self, kindred_unacknowledged_bytes)
    }
}
