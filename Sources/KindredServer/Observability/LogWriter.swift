import Dispatch
import Glibc
import Synchronization

/// Writes log lines to a file descriptor on a queue of its own, so that logging never waits for the reader of the
/// log.
///
/// Lines that the reader has not taken yet are kept up to a bound. Lines beyond it, and lines that cannot be written,
/// are lost; a line with their number comes before the next line that is written.
package final class LogWriter: Sendable {
    private struct Entry {
        var bytes: [UInt8]
        /// Lines lost between the entry before and this one.
        var lostBefore: Int
    }

    private struct State {
        var entries: [Entry] = []
        /// Lines kept, including those that are being written.
        var lineCount = 0
        var byteCount = 0
        /// Lines lost and not reported yet.
        var lostCount = 0
        var lostTotal = 0
        var isWriting = false
    }

    /// Writes to standard error. Flushed when the process exits, so that the reason of a failed start is written.
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

    /// The caller keeps the descriptor open, and ignores SIGPIPE.
    package init(descriptor: Int32, linesMax: Int = 4_096, bytesMax: Int = 1 << 20) {
        self.descriptor = descriptor
        self.linesMax = linesMax
        self.bytesMax = bytesMax
    }

    /// Lines and bytes that wait to be written.
    package var held: (lines: Int, bytes: Int) { state.withLock { ($0.lineCount, $0.byteCount) } }

    /// Lines lost since the start.
    package var lostLines: Int { state.withLock { $0.lostTotal } }

    /// Whether a line with this message is written. Of a frequent message only the first lines of a period are; a
    /// later line says how many were left out.
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

    /// Writes how many lines were left out in periods that are over.
    private func appendSummaries(now: UInt64) {
        for summary in repeats.withLock({ $0.takeSummaries(now: now) }) {
            append(
                "time=\(LogLineHandler.timestamp) level=\(summary.level) msg=\"log lines left out\" "
                    + "of=\(LogText.quoted(summary.message)) lines=\(summary.count)\n")
        }
    }

    /// Queues a line, which must end with a newline, or loses it. Never waits.
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
                // Within the lock, so that a flush after this line is queued behind its writing.
                queue.async { [self] in writeAll() }
            }
        }
    }

    /// Waits until every line appended before is written or lost; false where that takes longer than `timeout`.
    /// Writes first how many lines were left out so far.
    @discardableResult
    package func flush(timeout: DispatchTimeInterval = .seconds(1)) -> Bool {
        appendSummaries(now: .max)
        let isReached = DispatchSemaphore(value: 0)
        queue.async { isReached.signal() }
        return isReached.wait(timeout: .now() + timeout) == .success
    }

    /// Runs on the queue until no line is left.
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

    /// False where the system refuses: there is no space, or the reader has gone.
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
                    // Another process has made the descriptor non-blocking.
                    var waited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waited, 1, -1)
                default: return false
                }
            }
            return true
        }
    }
}
