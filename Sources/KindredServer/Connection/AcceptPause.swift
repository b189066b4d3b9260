import Glibc
import KindredSystem
import Logging
import NIOCore

/// Pauses accepting where the system has no descriptors or no memory for another connection.
///
/// The listening socket stays ready, so every poll of its loop would return at once. Turning off automatic reads takes
/// the socket out of the poll; a pause later it is put back. Meanwhile connections wait in the system's queue.
package final class AcceptPause: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = Channel

    /// How long no connection is accepted.
    package static let pause = TimeAmount.milliseconds(100)
    /// The failure is logged at most once in this time.
    private static let silence = TimeAmount.minutes(1)
    private static let causes: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    private let logger: Logger
    private var silentUntil = NIODeadline.uptimeNanoseconds(0)

    package init(logger: Logger) { self.logger = logger }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let failure = error as? IOError, Self.causes.contains(failure.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        let now = NIODeadline.now()
        if now >= silentUntil {
            silentUntil = now + Self.silence
            logger.error(
                "cannot accept connections", metadata: ["reason": "\(SystemError.text(failure.errnoCode))"])
        }
        let channel = context.channel
        _ = channel.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: Self.pause) { _ = channel.setOption(.autoRead, value: true) }
    }
}
