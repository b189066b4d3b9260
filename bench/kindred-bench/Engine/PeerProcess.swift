import Foundation
import Glibc

/// Another program that holds the same vectors and measures when it is asked, over its standard input and output.
///
/// It says `ready NAME` once it has loaded; it answers `measure BATCH THREADS K SECONDS` with the seconds that one
/// batch took, and `ids COUNT K PATH` with `done` once it has written the ids of its answers to the first queries
/// there, as little-endian int64. It ends with its standard input.
final class PeerProcess {
    /// What it calls itself.
    private(set) var name = ""
    private let command: String
    private let process = Process()
    private let input = Pipe()
    private var output = ChildOutput()

    /// Starts a program and waits until it is ready.
    init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        // A peer that ends closes its pipe; the next write says so, instead of a signal that ends the run.
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
        Interruption.add { kill(processID, SIGKILL) }
        let words = try line().split(separator: " ", maxSplits: 1)
        guard words.first == "ready", words.count == 2 else {
            throw EngineFailure.strangeReply(
                command: command, request: "", reply: words.joined(separator: " "))
        }
        name = String(words[1])
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Seconds that a batch takes, measured for about `seconds`.
    func measure(batch: Int, threads: Int, k: Int, seconds: Double) throws -> Double {
        let request = "measure \(batch) \(threads) \(k) \(seconds)"
        let reply = try ask(request)
        guard let value = Double(reply), value > 0, value.isFinite else {
            throw EngineFailure.strangeReply(command: command, request: request, reply: reply)
        }
        return value
    }

    /// Has the ids of the answers to the first queries written to a file.
    func writeIDs(count: Int, k: Int, to path: String) throws {
        let request = "ids \(count) \(k) \(path)"
        let reply = try ask(request)
        guard reply == "done" else {
            throw EngineFailure.strangeReply(command: command, request: request, reply: reply)
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
