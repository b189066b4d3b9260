import Foundation
import Synchronization

/// A team of threads, including the calling one, that wait between pieces of work.
final class ThreadTeam: Sendable {
    typealias Work = @Sendable (_ thread: Int) -> Void

    private enum Order: Sendable {
        /// Work for every thread; the caller waits for all.
        case all(Work)
        /// Work for every thread that is free before the next order.
        case any(Work)
        case leave
    }

    /// State shared with the threads, which keep it until they leave.
    private final class Shared: Sendable {
        let order = Mutex(Order.leave)
        let begin: [EventCount]
        /// Counts threads that completed an order for all.
        let done = EventCount()
        /// Number of orders for all so far.
        let orders = Atomic<Int>(0)

        init(others: Int) { begin = (0..<others).map { _ in EventCount() } }

        func give(_ next: Order) {
            order.withLock { $0 = next }
            begin.forEach { $0.advance() }
        }

        func follow(_ other: Int) {
            var seen = 0
            while true {
                seen = begin[other].wait(for: seen + 1)
                switch order.withLock({ $0 }) {
                case .all(let work):
                    work(other + 1)
                    done.advance()
                case .any(let work): work(other + 1)
                case .leave: return
                }
            }
        }
    }

    /// Number of threads, including the caller.
    let count: Int
    private let shared: Shared

    init(count: Int) {
        self.count = count
        let shared = Shared(others: count - 1)
        self.shared = shared
        for other in shared.begin.indices { Thread { shared.follow(other) }.start() }
    }

    deinit { shared.give(.leave) }

    /// Runs the work on every thread with its number; the caller is thread 0. Returns when all are done. For one
    /// calling thread.
    func run(_ work: @escaping Work) {
        let orders = shared.orders.wrappingAdd(1, ordering: .relaxed).newValue
        shared.give(.all(work))
        work(0)
        shared.done.wait(for: orders * shared.begin.count)
    }

    /// Runs the work on the caller and on other threads that are free. Returns when the caller is done. For one calling
    /// thread.
    func share(_ work: @escaping Work) {
        shared.give(.any(work))
        work(0)
    }
}

/// A team of one thread and one with a thread per core, shared by all measurements.
struct ThreadTeams {
    private let one = ThreadTeam(count: 1)
    private let all: ThreadTeam

    init(machine: Machine) { all = ThreadTeam(count: machine.coreCount) }

    subscript(_ threads: ThreadChoice) -> ThreadTeam { threads == .one ? one : all }
}

/// The number of threads of a measurement.
enum ThreadChoice: String, CaseIterable, Encodable, Sendable {
    case one
    case all

    func count(of machine: Machine) -> Int { self == .one ? 1 : machine.coreCount }

    /// The choices that differ on this machine.
    static func distinct(on machine: Machine) -> [ThreadChoice] {
        machine.coreCount > 1 ? [.one, .all] : [.one]
    }
}
