import CBenchProbes
import Dispatch
import Synchronization

/// A number that only grows, and the one thread that waits for it: it looks for a moment, then sleeps.
///
/// Looking costs nothing between two batches of microseconds; sleeping costs nothing between two measurements.
final class Gate: Sendable {
    /// Some tens of microseconds, about what the system needs to wake a thread.
    private static let looks = 1_000

    private let number = Atomic<Int>(0)
    private let isAsleep = Atomic<Bool>(false)
    private let wakeUp = DispatchSemaphore(value: 0)

    /// Makes the number greater by one and wakes the thread that waits. Any thread.
    func advance() {
        number.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
    }

    /// Waits until the number is at least `target`; returns it. One thread at a time.
    @discardableResult
    func wait(for target: Int) -> Int {
        while true {
            for _ in 0..<Self.looks {
                let found = number.load(ordering: .acquiring)
                if found >= target { return found }
                bench_pause()
            }
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // The number may have changed before the other side could see that somebody sleeps. Where it has seen
            // it, its signal is on the way and must be taken.
            let found = number.load(ordering: .sequentiallyConsistent)
            if found >= target, isAsleep.exchange(false, ordering: .sequentiallyConsistent) { return found }
            wakeUp.wait()
        }
    }
}
