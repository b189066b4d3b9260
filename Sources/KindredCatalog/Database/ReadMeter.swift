import GRDBSQLite
import KindredDomain

/// Why reading a database was ended before its end.
package enum ReadStop: Error, Sendable, Equatable {
    case steps(Int)
    case milliseconds(Int)
    case cancelled
}

extension ReadStop: CustomStringConvertible {
    package var description: String {
        switch self {
        case .steps(let count): "takes more than the \(count) steps that its size allows"
        case .milliseconds(let count): "takes longer than the \(count) ms that its size allows"
        case .cancelled: "was cancelled"
        }
    }
}

/// Ends what SQLite does on one connection where its steps or its time are used up, or nobody wants it any more.
///
/// SQLite calls it every some steps, also while it reads a schema. Whoever owns the connection owns its meter, and
/// lets go of it later. Used by the connection's thread.
package final class ReadMeter {
    /// Steps of SQLite's machine between two looks: some 20 us.
    private static let stepsPerLook = 1_000

    /// Why the connection was stopped; nil while it may go on.
    private(set) var stop: ReadStop?
    private var stepsMax = 0
    private var stepsLeft = 0
    private var millisecondsMax = 0
    private var deadline = ContinuousClock.now
    private var cancellation = Cancellation()

    /// Bounds the heap of SQLite in this process, once: a bound for a connection is not to be had.
    private static let heap: Void = {
        _ = sqlite3_hard_heap_limit64(Int64(Limits.databaseHeapBytesMax))
    }()

    package init() { Self.heap }

    /// Grants steps and time anew, the time from `start` on.
    package func grant(
        steps: Int, milliseconds: Int, from start: ContinuousClock.Instant, cancellation: Cancellation
    ) {
        stop = nil
        stepsMax = steps
        stepsLeft = steps
        millisecondsMax = milliseconds
        deadline = start + .milliseconds(milliseconds)
        self.cancellation = cancellation
    }

    /// Watches a connection, which must end before the meter does.
    package func watch(_ handle: OpaquePointer?) {
        sqlite3_progress_handler(
            handle, Int32(Self.stepsPerLook),
            { context in
                guard let context else { return 1 }
                return Unmanaged<ReadMeter>.fromOpaque(context).takeUnretainedValue().look() ? 0 : 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Whether the connection may go on.
    private func look() -> Bool {
        guard stop == nil else { return false }
        stepsLeft -= Self.stepsPerLook
        if cancellation.isCancelled {
            stop = .cancelled
        } else if stepsLeft < 0 {
            stop = .steps(stepsMax)
        } else if ContinuousClock.now >= deadline {
            stop = .milliseconds(millisecondsMax)
        }
        return stop == nil
    }
}
