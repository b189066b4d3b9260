import KindredDomain
import Synchronization

/// How many streams the process has open and how much memory they may hold.
package final class StreamBudget: Sendable {
    private struct State {
        var count = 0
        var byteCount: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Reserves room for a stream; false where the process has none. One stream always has room, however large.
    package func reserve(_ byteCount: UInt64, limits: Limits) -> Bool {
        state.withLock { state in
            guard state.count < Int(limits.streamsMax) else { return false }
            guard state.count == 0 || state.byteCount + byteCount <= limits.streamBytesHeldMax else {
                return false
            }
            state.count += 1
            state.byteCount += byteCount
            return true
        }
    }

    /// Reserves more for a stream that is open; false where there is no room. One stream always has room.
    package func extend(by byteCount: UInt64, limits: Limits) -> Bool {
        state.withLock { state in
            guard state.count == 1 || state.byteCount + byteCount <= limits.streamBytesHeldMax else {
                return false
            }
            state.byteCount += byteCount
            return true
        }
    }

    package func release(_ byteCount: UInt64) {
        state.withLock { state in
            state.count -= 1
            state.byteCount -= byteCount
        }
    }

    /// Streams that are open, and the bytes reserved for them.
    package var held: (count: Int, byteCount: UInt64) { state.withLock { ($0.count, $0.byteCount) } }
}
