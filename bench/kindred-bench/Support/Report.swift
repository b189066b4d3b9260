import ArgumentParser
import Foundation
import Glibc

/// What a run measured, in a form for people and one for programs.
protocol Report: Encodable {
    var checks: [Check] { get }
    /// The figures, a line each.
    var lines: [String] { get }
}

extension Report {
    /// Prints the figures and the checks; exits with 1 where one does not hold.
    func conclude(json: Bool) throws {
        if json {
            print(try json)
        } else {
            for line in lines + checks.map(\.line) { print(line) }
        }
        if checks.contains(where: { !$0.holds }) { throw ExitCode(1) }
    }

    /// Creates the file that `--json` names, before anything is measured: a path that cannot be written fails
    /// at once. What the file holds already stays until the report is written. Throws with path and reason.
    static func createFile(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw ValidationError("--json \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }

    /// Writes everything as one JSON object.
    func write(to path: String) throws {
        try Data(json.utf8).write(to: URL(fileURLWithPath: path))
    }
}

extension Encodable {
    /// The value as one JSON object in one line, with its members sorted by name.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
