import KindredServer
import NIOCore
import NIOPosix
import Testing

/// Bytes that the peer's system has not acknowledged are counted, in the channel's buffer and in the socket's.
@Suite struct UnacknowledgedBytesTests {
    /// More than the system's buffers hold.
    private static let byteCount = 32 << 20

    @Test(.timeLimit(.minutes(2))) func unreadBytesAreUnacknowledged() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = group.next().makePromise(of: (any Channel).self)
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                accepted.succeed(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let reader = try await ClientBootstrap(group: group).channelOption(.autoRead, value: false)
            .connect(to: listener.localAddress!).get()
        let writer = try await accepted.futureResult.get()
        func unacknowledged() async throws -> Int {
            try await writer.eventLoop.submit { writer.unacknowledgedByteCount }.get()
        }
        #expect(try await unacknowledged() == 0)
        let bytes = ByteBuffer(repeating: 7, count: Self.byteCount)
        writer.writeAndFlush(bytes, promise: nil)
        let waiting = try await unacknowledged()
        #expect(waiting > Self.byteCount / 4 && waiting <= Self.byteCount, "\(waiting)")
        try await reader.setOption(.autoRead, value: true).get()
        // Ends once everything is acknowledged; each look lets the loop read on.
        while try await unacknowledged() > 0 {}
        try await reader.close().get()
        _ = try? await writer.closeFuture.get()
        #expect(try await unacknowledged() == 0, "a closed channel has no unacknowledged bytes")
        try await listener.close().get()
        try await group.shutdownGracefully()
    }
}
