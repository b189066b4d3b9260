import Logging
import Synchronization

/// The log of a server under test, as events that a test can wait for.
final class LogEvents: Sendable {
    struct Line: Sendable {
        let message: String
        let metadata: [String: String]

        func matches(_ message: String, _ metadata: [String: String]) -> Bool {
            self.message == message && metadata.allSatisfy { self.metadata[$0] == $1 }
        }
    }

    private struct Waiter {
        let message: String
        let metadata: [String: String]
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// A logger whose lines come here.
    var logger: Logger { Logger(label: "test") { _ in Handler(events: self) } }

    /// The lines with this message so far.
    func lines(_ message: String) -> [Line] { state.withLock { $0.lines.filter { $0.message == message } } }

    /// Waits until `count` lines have this message and metadata, those logged before the call included.
    func wait(for message: String, _ metadata: [String: String] = [:], count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let waiter = Waiter(
                message: message, metadata: metadata, count: count, continuation: continuation)
            let isDone = state.withLock { state in
                if Self.isDone(waiter, state.lines) { return true }
                state.waiters.append(waiter)
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    private static func isDone(_ waiter: Waiter, _ lines: [Line]) -> Bool {
        lines.count { $0.matches(waiter.message, waiter.metadata) } >= waiter.count
    }

    private func add(_ line: Line) {
        let done = state.withLock { state in
            state.lines.append(line)
            let done = state.waiters.filter { Self.isDone($0, state.lines) }
            let lines = state.lines
            state.waiters.removeAll { Self.isDone($0, lines) }
            return done
        }
        for waiter in done { waiter.continuation.resume() }
    }

    private struct Handler: LogHandler {
        let events: LogEvents
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(events: LogEvents) { self.events = events }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            events.add(
                Line(message: event.message.description, metadata: all.mapValues { $0.description }))
        }
    }
}
