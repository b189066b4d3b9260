import Foundation
import KindredTerminal

/// Prints a command's results to standard output and its messages to standard error.
enum CommandOutput {
    /// Prints a line of a result at once, unbuffered.
    static func result(_ text: String) throws { try StandardOutput.write(text + "\n") }

    /// Reports a failure.
    static func error(_ text: String) { line("error: \(text)") }

    /// Reports a probable mistake.
    static func warning(_ text: String) { line("warning: \(text)") }

    /// Reports information.
    static func note(_ text: String) { line("note: \(text)") }

    /// Suggests the next step.
    static func hint(_ text: String) { line("hint: \(text)") }

    private static func line(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((VisibleText.escaped(text) + "\n").utf8))
    }
}
