import Glibc
import Synchronization

/// One line on a terminal that shows the progress of a run. Prints nothing where the descriptor is no terminal.
///
/// Any thread may use it.
package final class ProgressLine: Sendable {
    /// Returns to the first column and erases the line (ECMA-48).
    private static let erase = "\r\u{1B}[K"

    private let descriptor: Int32
    private let isTerminal: Bool
    private let shown = Mutex("")

    /// A line on standard error, or on another descriptor.
    package init(descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
    }

    /// Replaces the line. Writes nothing where it shows the text already.
    package func show(_ text: String) {
        guard isTerminal else { return }
        shown.withLock { shown in
            guard text != shown else { return }
            shown = text
            write(Self.erase + text)
        }
    }

    /// Erases the line where something is shown.
    package func clear() {
        guard isTerminal else { return }
        shown.withLock { shown in
            guard !shown.isEmpty else { return }
            shown = ""
            write(Self.erase)
        }
    }

    private func write(_ text: String) {
        // A terminal that is gone loses the line; the run goes on.
        _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    }
}
