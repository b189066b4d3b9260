import ArgumentParser
import Foundation
import Glibc

/// The results of a run, as text and as JSON.
protocol Report: Encodable {
    var checks: [Check] { get }
    /// The figures, one per line.
    var lines: [String] { get }
}

extension Report {
    /// Prints the figures and the checks. Exits with 1 where a check fails.
    func conclude(json: Bool) throws {
        if json {
            print(try jsonText)
        } else {
            for line in lines + checks.map(\.line) { print(line) }
        }
        if checks.contains(where: { !$0.holds }) { throw ExitCode(1) }
    }

    /// Creates the `--json` file before the measurement, so that an unwritable path fails at once. An existing file
    /// keeps its content until the report is written. Throws with path and reason.
    static func createFile(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw ValidationError("--json \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }

    /// Writes the report as one JSON object.
    func write(to path: String) throws {
        try Data(jsonText.utf8).write(to: URL(fileURLWithPath: path))
    }
}

extension Encodable {
    /// The value as one JSON object in one line, with its members sorted by name.
    var jsonText: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
