import Foundation
import Glibc
import KindredClient
import KindredWire

/// Sends PINGs from one thread, in turn over as many connections as the server has event loops by default.
///
/// The server assigns connections to its loops in turn. A delay of any loop therefore shows in some PING.
struct PingLoad: Sendable {
    /// Pause after each answer. Delays of a loop beyond this and the limit are detected.
    private static let pauseMicroseconds: UInt32 = 250

    private let sockets: [PingSocket]

    init(_ endpoint: Endpoint) throws {
        sockets = try (0..<ProcessInfo.processInfo.activeProcessorCount).map { _ in try PingSocket(endpoint) }
    }

    /// Sends PINGs until the phase is `over`. Blocks.
    func run(_ phase: StreamPhase) -> BystanderTally {
        var tally = BystanderTally()
        var turn = 0
        while phase.now != .over, tally.hasFewFailures {
            let begun = phase.now
            do {
                let elapsed = try sockets[turn % sockets.count].ping()
                tally.add(elapsed, begun: begun, ended: phase.now)
                usleep(Self.pauseMicroseconds)
            } catch {
                tally.fail(error)
            }
            turn += 1
        }
        return tally
    }
}

/// A blocking connection for PINGs: one thread, one system call each way.
final class PingSocket: @unchecked Sendable {
    private let socket: FrameSocket
    /// HELLO used request id 1.
    private var requestID: UInt64 = 1
    private var writer = ByteWriter()

    /// Connects and says HELLO. The endpoint's host is an IPv4 address.
    init(_ endpoint: Endpoint) throws { socket = try FrameSocket(endpoint) }

    /// Measures one round trip. Throws where the answer belongs to another request.
    func ping() throws -> Duration {
        requestID += 1
        let start = ContinuousClock.now
        writer.removeAll()
        ClientMessage.ping(requestID).encode(
            requestID: requestID, timeoutMilliseconds: 0, end: true, into: &writer)
        try socket.send(writer.bytes)
        let (type, answered) = try socket.waitForFrame { header, _ in (header.type, header.requestID) }
        let elapsed = ContinuousClock.now - start
        guard type == MessageType.ping.rawValue | MessageType.replyBit, answered == requestID else {
            throw BenchFailure.unexpectedReply(type: type, requestID: answered, wanted: requestID)
        }
        return elapsed
    }
}
