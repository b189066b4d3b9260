import CBenchProbes
import Dispatch
import Synchronization

/// A monotonic count that one thread can wait for. The waiter spins briefly, then sleeps.
///
/// Spinning suits batches of microseconds, sleeping suits the time between measurements.
final class EventCount: Sendable {
    /// Spins before sleeping, about as long as the system needs to wake a thread.
    private static let looks = 1_000

    private let number = Atomic<Int>(0)
    private let isAsleep = Atomic<Bool>(false)
    private let wakeUp = DispatchSemaphore(value: 0)

    /// Increments the count and wakes the waiter. Any thread may call it.
    func advance() {
        number.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
    }

    /// Waits until the count is at least `target` and returns it. For one thread at a time.
    @discardableResult
    func wait(for target: Int) -> Int {
        while true {
            for _ in 0..<Self.looks {
                let found = number.load(ordering: .acquiring)
                if found >= target { return found }
                bench_pause()
            }
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // The count may have reached the target before the other thread saw the sleep flag. If that thread did see
            // it, its signal is on the way and must be consumed.
            let found = number.load(ordering: .sequentiallyConsistent)
            if found >= target, isAsleep.exchange(false, ordering: .sequentiallyConsistent) { return found }
            wakeUp.wait()
        }
    }
}
