import Foundation
import Synchronization

/// Threads that are made once and wait between pieces of work: the calling thread and others.
final class Crew: Sendable {
    typealias Work = @Sendable (_ thread: Int) -> Void

    private enum Order: Sendable {
        /// To be done by every thread; the caller waits for all of them.
        case all(Work)
        /// To be done by whoever comes before the next order.
        case any(Work)
        case leave
    }

    /// What the threads share with the crew, and keep until they have left.
    private final class Shared: Sendable {
        let order = Mutex(Order.leave)
        let begin: [Gate]
        /// Threads that have done an order for all.
        let done = Gate()
        /// Orders for all so far.
        let orders = Atomic<Int>(0)

        init(others: Int) { begin = (0..<others).map { _ in Gate() } }

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

    /// Threads, the calling one among them.
    let count: Int
    private let shared: Shared

    init(count: Int) {
        self.count = count
        let shared = Shared(others: count - 1)
        self.shared = shared
        for other in shared.begin.indices { Thread { shared.follow(other) }.start() }
    }

    deinit { shared.give(.leave) }

    /// Has every thread do the work, each with its number from 0 on, the caller being 0; returns when all have.
    /// One thread calls.
    func run(_ work: @escaping Work) {
        let orders = shared.orders.wrappingAdd(1, ordering: .relaxed).newValue
        shared.give(.all(work))
        work(0)
        shared.done.wait(for: orders * shared.begin.count)
    }

    /// Has the caller do the work, and every other thread that comes to it; returns when the caller has. One thread
    /// calls.
    func share(_ work: @escaping Work) {
        shared.give(.any(work))
        work(0)
    }
}
