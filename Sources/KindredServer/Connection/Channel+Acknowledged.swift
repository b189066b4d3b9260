import CKindredSystem
import NIOCore

extension Channel {
    /// Bytes that were written and not acknowledged by the peer's system, in the channel's buffer and in the socket's.
    /// Only on the channel's event loop.
    package var unacknowledgedByteCount: Int {
        let buffered = try? syncOptions?.getOption(.bufferedWritableBytes)
        return (buffered ?? 0) + max(0, Int(socketUnacknowledgedByteCount ?? 0))
    }

    /// Unacknowledged bytes in the socket's buffer. Nil where the transport is no socket, below 0 where it is closed.
    var socketUnacknowledgedByteCount: Int32? {
        try? pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self, kindred_unacknowledged_bytes)
    }

    /// Closes once the peer's system has acknowledged everything, or at `deadline` (nanoseconds). Only on the worker's
    /// loop, which is the channel's.
    func closeOnceAcknowledged(worker: LoopWorker, deadline: UInt64) {
        worker.loop.scheduleTask(in: .milliseconds(50)) { [self] in
            guard isActive else { return }
            // A transport that is no socket, or is closed, needs no wait.
            if let left = socketUnacknowledgedByteCount, left > 0, worker.now() < deadline {
                closeOnceAcknowledged(worker: worker, deadline: deadline)
            } else {
                close(promise: nil)
            }
        }
    }
}
