import Logging
import Synchronization
import Testing

/// Events of a test, in order. A test can wait for one, whether it has come already or not.
final class EventLog<Event: Sendable>: Sendable {
    private struct State {
        var events: [Event] = []
        var followers: [AsyncStream<Event>.Continuation] = []
    }

    private let state = Mutex(State())

    var all: [Event] { state.withLock { $0.events } }

    func add(_ event: Event) {
        state.withLock { state in
            state.events.append(event)
            for follower in state.followers { follower.yield(event) }
        }
    }

    /// Waits for the first event for which `isWanted` is true; false where the task is cancelled before.
    func wait(until isWanted: (Event) -> Bool) async -> Bool {
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        state.withLock { state in
            for event in state.events { continuation.yield(event) }
            state.followers.append(continuation)
        }
        for await event in stream where isWanted(event) { return true }
        return false
    }
}

/// The log of a server under test.
final class LogEvents: Sendable {
    struct Line: Sendable {
        let message: String
        let metadata: [String: String]
    }

    private let log = EventLog<Line>()

    /// A logger whose lines come here.
    var logger: Logger { Logger(label: "test") { _ in Handler(log: log) } }

    /// The lines with this message so far.
    func lines(_ message: String) -> [Line] { log.all.filter { $0.message == message } }

    /// Waits for a line with this message and metadata. The time limit of the test ends the wait.
    func wait(for message: String, _ metadata: [String: String] = [:]) async {
        let isFound = await log.wait { line in
            line.message == message && metadata.allSatisfy { line.metadata[$0] == $1 }
        }
        if !isFound { Issue.record("never logged: \(message) \(metadata)") }
    }

    private struct Handler: LogHandler {
        let log: EventLog<Line>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(log: EventLog<Line>) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            log.add(Line(message: event.message.description, metadata: all.mapValues { $0.description }))
        }
    }
}
