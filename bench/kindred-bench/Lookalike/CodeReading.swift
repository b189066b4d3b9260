import CBenchProbes
import Synchronization

/// How long the threads of a crew take to read the codes once and do nothing else: no scan of them can be faster.
final class CodeReading: Sendable {
    /// Streams of one thread: which is best depends on the machine.
    private static let streamCounts = [1, 2, 4, 8]
    private static let unit = 8 << 10

    private let users: FlatUsers
    private let crew: Crew
    private let total = Atomic<UInt64>(0)

    init(users: FlatUsers, crew: Crew) {
        self.users = users
        self.crew = crew
    }

    /// The time for each number of streams.
    func seconds() -> [Double] {
        Self.streamCounts.map { streams in
            let threads = crew.count
            // What is left over by whole units is less than a thousandth of any codes worth a measurement.
            let part = users.codeByteCount / threads / Self.unit * Self.unit
            return Interleaved.seconds {
                crew.run { [self] thread in
                    guard part > 0 else { return }
                    let start = UnsafeRawPointer(users.codes.view.codes!) + thread * part
                    total.wrappingAdd(bench_read(start, part, streams), ordering: .relaxed)
                }
            }
        }
    }
}
