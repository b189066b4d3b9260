import GRDBSQLite
import KindredDomain

/// The budget for reading a catalog. Steps and time follow from the size of the file (`Limits`).
package struct ReadBudget: Sendable {
    /// The time limit counts from here.
    package var start: ContinuousClock.Instant
    /// Bytes that the columns of one table may take.
    package var columnBytesMax: Int
    /// Ends reading at once.
    package var cancellation: Cancellation

    package init(
        start: ContinuousClock.Instant = .now, columnBytesMax: Int = Limits.catalogColumnBytesMax,
        cancellation: Cancellation = Cancellation()
    ) {
        self.start = start
        self.columnBytesMax = columnBytesMax
        self.cancellation = cancellation
    }

    /// The number of columns that is assumed before they are counted.
    package static let columnCountUsual = 32

    /// The steps allowed for a file of `byteCount` bytes with a table of `columnCount` columns. The product does not
    /// overflow: a file has at most 2^48 bytes, a table 2,000 columns.
    package static func stepsMax(byteCount: Int, columnCount: Int = columnCountUsual) -> Int {
        // Some steps of each entry belong to no column.
        Limits.catalogStepsMin
            + min(byteCount, 1 << 48) * Limits.catalogStepsPerByteAndColumnMax * (columnCount + 8)
    }

    /// The milliseconds allowed for a file of `byteCount` bytes.
    package static func millisecondsMax(byteCount: Int) -> Int {
        Limits.catalogMillisecondsMin
            + (byteCount >> 20) * Limits.catalogMillisecondsPerMebibyteMax
    }
}

/// Why reading a database was stopped early.
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

/// Stops the work of one SQLite connection when its steps or its time are used up, or when it is cancelled.
///
/// SQLite calls it every `stepsPerLook` steps, also while it reads a schema. The owner of the connection owns the
/// meter, and frees it after the connection. Used on the connection's thread.
package final class ReadMeter {
    /// Steps of SQLite's virtual machine between two looks, which are much less than a millisecond apart.
    private static let stepsPerLook = 1_000

    /// Why the connection was stopped; nil while it may go on.
    private(set) var stop: ReadStop?
    private var stepsMax = 0
    private var stepsLeft = 0
    private var millisecondsMax = 0
    private var deadline = ContinuousClock.now
    private var cancellation = Cancellation()

    /// Bounds the heap of SQLite in this process, once: SQLite has no bound for a single connection.
    private static let heap: Void = {
        _ = sqlite3_hard_heap_limit64(Int64(Limits.databaseHeapBytesMax))
    }()

    package init() { Self.heap }

    /// Grants steps and time anew. The time counts from `start`.
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

    /// Watches a connection, which must be closed before the meter is freed.
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
