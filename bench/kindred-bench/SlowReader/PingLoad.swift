import Foundation
import Glibc
import KindredClient

/// PINGs from one thread, in turn over as many connections as a server has event loops by default.
///
/// A server hands connections to its loops in turn, so whichever loop is held up, some PING waits for it.
struct PingLoad: Sendable {
    /// Between an answer and the next PING. Whatever holds a loop for longer than this and the limit is seen.
    private static let pauseMicroseconds: UInt32 = 250

    private let sockets: [PingSocket]

    init(_ endpoint: Endpoint) throws {
        sockets = try (0..<ProcessInfo.processInfo.activeProcessorCount).map { _ in try PingSocket(endpoint) }
    }

    /// Pings until the phase is `over`. Blocks.
    func run(_ phase: StreamPhase) -> BystanderTally {
        var tally = BystanderTally()
        var turn = 0
        while phase.now != .over, tally.goesOn {
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
