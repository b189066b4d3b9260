import Dispatch
import Glibc
import Synchronization

/// Writes log lines to a file descriptor on a queue of its own, so that whoever logs never waits for the reader.
///
/// What the reader is slow to take is kept up to a bound. Lines beyond it, and lines that cannot be written, are
/// lost; the next line that fits is preceded by one that says how many.
package final class LogWriter: Sendable {
    private struct Entry {
        var bytes: [UInt8]
        /// Lines lost since the entry before.
        var lostBefore: Int
    }

    private struct State {
        var entries: [Entry] = []
        /// Kept, with those that are being written.
        var lineCount = 0
        var byteCount = 0
        /// Lost, and not yet said.
        var lostCount = 0
        var lostTotal = 0
        var isWriting = false
    }

    /// To standard error; flushed when the process exits, so that what kept a server from starting is read.
    package static let standardError: LogWriter = {
        _ = atexit { LogWriter.standardError.flush() }
        return LogWriter(descriptor: STDERR_FILENO)
    }()

    private let descriptor: Int32
    private let linesMax: Int
    private let bytesMax: Int
    private let state = Mutex(State())
    private let repeats = Mutex(LogRepeats())
    private let queue = BackgroundQueue(label: "kindred.log")

    /// The descriptor stays the caller's, who ignores SIGPIPE.
    package init(descriptor: Int32, linesMax: Int = 4_096, bytesMax: Int = 1 << 20) {
        self.descriptor = descriptor
        self.linesMax = linesMax
        self.bytesMax = bytesMax
    }

    /// Lines and bytes that wait to be written.
    package var held: (lines: Int, bytes: Int) { state.withLock { ($0.lineCount, $0.byteCount) } }

    /// Lines lost since the start.
    package var lostLines: Int { state.withLock { $0.lostTotal } }

    /// Whether a line with this message is to be written: of a message that comes again and again, only the first lines
    /// of a period are. A later line says how many were left out.
    package func admits(message: String, level: String) -> Bool {
        let verdict = repeats.withLock { $0.note(message: message, level: level, now: Self.now) }
        guard case .leaveOut(let isFirst) = verdict else { return true }
        if isFirst {
            queue.async(after: .nanoseconds(Int(LogRepeats.period))) { [self] in
                appendSummaries(now: Self.now)
            }
        }
        return false
    }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// Says what was left out in periods that are over.
    private func appendSummaries(now: UInt64) {
        for summary in repeats.withLock({ $0.takeSummaries(now: now) }) {
            append(
                "time=\(LogLineHandler.timestamp) level=\(summary.level) msg=\"log lines left out\" "
                    + "of=\(LogText.quoted(summary.message)) lines=\(summary.count)\n")
        }
    }

    /// Takes over a line, which ends with a line end, or loses it. Never waits.
    package func append(_ line: String) {
        let bytes = Array(line.utf8)
        state.withLock { state in
            guard state.lineCount < linesMax, bytes.count <= bytesMax - state.byteCount else {
                state.lostCount += 1
                state.lostTotal += 1
                return
            }
            state.entries.append(Entry(bytes: bytes, lostBefore: state.lostCount))
            state.lostCount = 0
            state.lineCount += 1
            state.byteCount += bytes.count
            if !state.isWriting {
                state.isWriting = true
                // Within the lock: a flush that comes after this line must queue up behind its writing.
                queue.async { [self] in writeAll() }
            }
        }
    }

    /// Waits until every line appended before is written or lost; false where that takes longer. Says first what was
    /// left out so far.
    @discardableResult
    package func flush(timeout: DispatchTimeInterval = .seconds(1)) -> Bool {
        appendSummaries(now: .max)
        let isReached = DispatchSemaphore(value: 0)
        queue.async { isReached.signal() }
        return isReached.wait(timeout: .now() + timeout) == .success
    }

    /// On the queue: until nothing is left.
    private func writeAll() {
        while true {
            let entries = state.withLock { state in
                let entries = state.entries
                state.entries = []
                if entries.isEmpty { state.isWriting = false }
                return entries
            }
            if entries.isEmpty { return }
            for entry in entries {
                var unsaid = 0
                if entry.lostBefore > 0, !write(Self.notice(ofLost: entry.lostBefore)) {
                    unsaid = entry.lostBefore
                }
                let isWritten = write(entry.bytes)
                state.withLock { state in
                    state.lineCount -= 1
                    state.byteCount -= entry.bytes.count
                    state.lostCount += unsaid + (isWritten ? 0 : 1)
                    state.lostTotal += isWritten ? 0 : 1
                }
            }
        }
    }

    private static func notice(ofLost count: Int) -> [UInt8] {
        Array("time=\(LogLineHandler.timestamp) level=warning msg=\"log lines lost\" lines=\(count)\n".utf8)
    }

    /// False where the system refuses: no space, nobody who reads.
    private func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                    continue
                }
                guard count < 0 else { return false }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    // Somebody else made the descriptor one that does not wait.
                    var waited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waited, 1, -1)
                default: return false
                }
            }
            return true
        }
    }
}
