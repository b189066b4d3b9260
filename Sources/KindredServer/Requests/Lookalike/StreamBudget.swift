import KindredDomain
import Synchronization

/// Bounds the open look-alike streams of the process, and the memory that is reserved for them.
package final class StreamBudget: Sendable {
    private struct State {
        var count = 0
        var byteCount: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Reserves memory for a new stream; false where there is none. A stream that is the only one always has room.
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

    /// Reserves more for an open stream; false where there is none. A stream that is the only one always has room.
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

    /// How many streams are open, and the bytes reserved for them.
    package var held: (count: Int, byteCount: UInt64) { state.withLock { ($0.count, $0.byteCount) } }
}
