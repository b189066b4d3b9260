import ArgumentParser
import Glibc

/// Ends a command that failed, or that prints help: one line on standard error and an exit status.
enum CommandExit {
    /// First words of the argument parser's own messages, whose first letter is made lower case.
    private static let parserWords = [
        "Unknown ", "Missing ", "The value ", "The option ", "Unexpected ", "Value to be set ",
    ]

    /// Prints help or the version to standard output with status 0. Prints other errors as `error: ...` with status 64
    /// for a wrong command line and 1 otherwise. Flushes earlier output first.
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

    /// Ends with 1 where earlier output could not be written: with an error, or silently where its reader is gone.
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
