import ArgumentParser
import Glibc

/// The end of a command that did not do all it was asked for: one line on standard error and an exit status.
enum CommandExit {
    /// What the parser's own messages begin with: of theirs alone the first letter is made small.
    private static let parserWords = [
        "Unknown ", "Missing ", "The value ", "The option ", "Unexpected ", "Value to be set ",
    ]

    /// Prints help or a version to standard output with status 0, anything else as `error: ...` with status 64 where
    /// the command line is wrong and 1 where something failed. What was printed before is written first.
    static func end(with error: any Error, arguments: [String]) -> Never {
        let status = KindredCommand.exitCode(for: error)
        if status == .success { print(KindredCommand.fullMessage(for: error)) }
        let cause = (error as? AdvisedFailure)?.error ?? error
        if cause is StandardOutput.ReaderIsGone { Glibc.exit(status.rawValue) }
        endIfUnwritten()
        let message = KindredCommand.message(for: error)
        if status != .success, !message.isEmpty {
            CommandOutput.error(styled(message))
            if status == .validationFailure { CommandOutput.hint(usage(of: arguments)) }
        }
        Glibc.exit(status.rawValue)
    }

    /// Ends with 1 where standard output has not taken all: with an error, or without a word where nobody reads it.
    private static func endIfUnwritten() {
        do {
            try StandardOutput.flush()
        } catch is StandardOutput.ReaderIsGone {
            Glibc.exit(ExitCode.failure.rawValue)
        } catch {
            CommandOutput.error("\(error)")
            Glibc.exit(ExitCode.failure.rawValue)
        }
    }

    private static func styled(_ message: String) -> String {
        guard parserWords.contains(where: { message.hasPrefix($0) }) else { return message }
        return message.prefix(1).lowercased() + message.dropFirst()
    }

    private static func usage(of arguments: [String]) -> String {
        guard let command = CommandLineCheck.command(of: arguments) else {
            return "'kindred help' lists the commands"
        }
        return "'kindred help \(command)' shows what it takes"
    }
}
