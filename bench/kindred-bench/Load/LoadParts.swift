import Synchronization

/// The parts of a measurement, each of which its thread has to itself while it runs.
final class LoadParts: Sendable {
    private let parts: Mutex<[LoadPart?]>

    init(_ parts: [LoadPart]) { self.parts = Mutex(parts) }

    /// Gives `body` a thread's part. One thread for each.
    func use(_ thread: Int, _ body: (inout LoadPart) throws -> Void) rethrows {
        guard var part = parts.withLock({ $0[thread].take() }) else {
            preconditionFailure("a part has one thread")
        }
        try body(&part)
        parts.withLock { [part] in $0[thread] = part }
    }

    /// What all together have found. No thread is at work.
    func merged() -> LoadPart {
        parts.withLock { all in
            var rest = all.compactMap { $0 }[...]
            guard var whole = rest.popFirst() else { preconditionFailure("there is one thread at least") }
            for part in rest { whole.merge(part) }
            return whole
        }
    }
}
