import CBenchProbes
import Glibc

/// Waits for many sockets, with a time limit (`epoll`). For one thread.
final class SocketPoll {
    /// Greatest number of sockets that one wait reports.
    private static let eventsMax = 256

    private let descriptor: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: eventsMax)

    init() throws {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw Self.failure("epoll_create1") }
    }

    deinit { close(descriptor) }

    /// Makes `wait` report a socket by `token` when it is readable.
    func add(_ socket: Int32, token: Int) throws {
        try control(EPOLL_CTL_ADD, socket, token, isWriting: false)
    }

    /// Sets whether `wait` also reports the socket when it is writable.
    func set(_ socket: Int32, token: Int, isWriting: Bool) throws {
        try control(EPOLL_CTL_MOD, socket, token, isWriting: isWriting)
    }

    /// Waits for a socket, at most for `duration` (nil: without limit). Calls `body` with each ready socket's token. A
    /// closed connection counts as readable.
    func wait(
        for duration: Duration?, _ body: (_ token: Int, _ isReadable: Bool, _ isWritable: Bool) throws -> Void
    )
        throws
    {
        var count: Int32
        if let duration {
            let (seconds, attoseconds) = max(duration, .zero).components
            var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            count = epoll_pwait2(descriptor, &events, Int32(Self.eventsMax), &time, nil)
        } else {
            count = epoll_wait(descriptor, &events, Int32(Self.eventsMax), -1)
        }
        guard count >= 0 else {
            if errno == EINTR { return }
            throw Self.failure("epoll_wait")
        }
        for index in 0..<Int(count) {
            let event = events[index]
            try body(
                Int(event.data.u64), event.events & ~EPOLLOUT.rawValue != 0,
                event.events & EPOLLOUT.rawValue != 0)
        }
    }

    private func control(_ operation: Int32, _ socket: Int32, _ token: Int, isWriting: Bool) throws {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (isWriting ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(token)
        guard epoll_ctl(descriptor, operation, socket, &event) == 0 else { throw Self.failure("epoll_ctl") }
    }

    private static func failure(_ call: String) -> BenchFailure {
        .system(call: call, path: "the load's sockets", code: errno)
    }
}
