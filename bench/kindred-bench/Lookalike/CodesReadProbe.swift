import CBenchProbes
import Synchronization

/// Measures the time that a team's threads need to read the codes once. No scan of the codes can be faster.
final class CodesReadProbe: Sendable {
    /// Numbers of streams of one thread to try; the best one depends on the machine.
    private static let streamCounts = [1, 2, 4, 8]
    private static let unit = 8 << 10

    private let users: FlatUsers
    private let team: ThreadTeam
    private let total = Atomic<UInt64>(0)

    init(users: FlatUsers, team: ThreadTeam) {
        self.users = users
        self.team = team
    }

    /// The time for each number of streams.
    func seconds() -> [Double] {
        Self.streamCounts.map { streams in
            let threads = team.count
            // The rest after whole units is a negligible share of the codes.
            let part = users.codeByteCount / threads / Self.unit * Self.unit
            return Interleaved.seconds {
                team.run { [self] thread in
                    guard part > 0 else { return }
                    let start = UnsafeRawPointer(users.codes.view.codes!) + thread * part
                    total.wrappingAdd(bench_read(start, part, streams), ordering: .relaxed)
                }
            }
        }
    }
}
