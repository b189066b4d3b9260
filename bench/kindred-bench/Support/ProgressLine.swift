import Glibc

/// One line on a terminal that says how far a run is; nothing where standard error is no terminal.
struct ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func show(_ text: String) {
        if isTerminal { write("\r\u{1B}[K" + text) }
    }

    /// Leaves the line empty.
    func clear() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        // The line is lost where the terminal is gone; the run is not.
        _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    }
}
