import ArgumentParser
import Foundation

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
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(self), as: UTF8.self))
        } else {
            for line in lines + checks.map(\.line) { print(line) }
        }
        if checks.contains(where: { !$0.holds }) { throw ExitCode(1) }
    }
}
