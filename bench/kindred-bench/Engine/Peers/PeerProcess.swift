import Foundation
import Glibc

/// Another program with the same vectors that measures on request, over its standard input and output.
///
/// It prints `ready NAME` once it has loaded. It answers `measure BATCH THREADS K SECONDS` with the seconds that one
/// batch took. It answers `ids COUNT K PATH` with `done` after writing the ids of its first answers to the file as
/// little-endian int64. It ends when its standard input closes.
final class PeerProcess {
    /// The name that the program reports.
    private(set) var name = ""
    private let command: String
    private let process = Process()
    private let input = Pipe()
    private var output = ChildOutput()

    /// Starts a program and waits until it is ready.
    init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        // A write to a peer that has ended fails with an error instead of a signal.
        signal(SIGPIPE, SIG_IGN)
        command = ([executable] + arguments).joined(separator: " ")
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output.pipe
        do {
            try process.run()
        } catch {
            throw EngineFailure.peerNotStarted(command: command, reason: "\(error)")
        }
        let processID = process.processIdentifier
        InterruptCleanup.add { kill(processID, SIGKILL) }
        let words = try line().split(separator: " ", maxSplits: 1)
        guard words.first == "ready", words.count == 2 else {
            throw EngineFailure.unexpectedReply(
                command: command, request: "", reply: words.joined(separator: " "))
        }
        name = String(words[1])
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Seconds for one batch, measured for about `seconds`.
    func measure(batch: Int, threads: Int, k: Int, seconds: Double) throws -> Double {
        let request = "measure \(batch) \(threads) \(k) \(seconds)"
        let reply = try ask(request)
        guard let value = Double(reply), value > 0, value.isFinite else {
            throw EngineFailure.unexpectedReply(command: command, request: request, reply: reply)
        }
        return value
    }

    /// Asks for the ids of the answers to the first queries in a file.
    func writeIDs(count: Int, k: Int, to path: String) throws {
        let request = "ids \(count) \(k) \(path)"
        let reply = try ask(request)
        guard reply == "done" else {
            throw EngineFailure.unexpectedReply(command: command, request: request, reply: reply)
        }
    }

    private func ask(_ request: String) throws -> String {
        do {
            try input.fileHandleForWriting.write(contentsOf: Data((request + "\n").utf8))
        } catch {
            throw EngineFailure.peerEnded(command: command, request: request)
        }
        return try line()
    }

    private func line() throws -> String {
        guard let line = output.line() else {
            throw EngineFailure.peerEnded(command: command, request: "")
        }
        return line
    }
}
