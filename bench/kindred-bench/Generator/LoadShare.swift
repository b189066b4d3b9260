import Synchronization

/// One thread's share of the work of several: every `count`th request from `number` on.
struct LoadShare: Sendable {
    /// The whole work, for a single thread.
    static let whole = LoadShare(0, of: 1)

    /// Thread number from 0.
    let number: Int
    /// Number of threads.
    let count: Int

    init(_ number: Int, of count: Int) {
        precondition((0..<count).contains(number), "a thread of those that there are")
        self.number = number
        self.count = count
    }

    /// This thread's number of `whole` things, which are dealt out as evenly as possible.
    func of(_ whole: Int) -> Int { whole / count + (number < whole % count ? 1 : 0) }
}

/// Stops all threads where one fails, and keeps the first failure.
final class LoadStop: Sendable {
    /// Ends a thread after another one's failure; never reported.
    private struct OtherFailed: Error {}

    private let failure = Mutex<(any Error)?>(nil)
    private let isSet = Atomic<Bool>(false)

    /// Stops all threads. Any thread may call it; the first failure is kept.
    func set(_ error: any Error) {
        failure.withLock { if $0 == nil { $0 = error } }
        isSet.store(true, ordering: .releasing)
    }

    /// Throws once a thread has failed. One relaxed load.
    func check() throws {
        if isSet.load(ordering: .relaxed) { throw OtherFailed() }
    }

    /// Throws the first failure, if any.
    func rethrow() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
