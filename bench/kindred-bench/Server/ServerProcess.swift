import Foundation
import Glibc
import KindredClient

/// A `kindred serve` process on a scratch folder.
final class ServerProcess {
    private let process = Process()
    private var output = ChildOutput()
    private let logPath: String
    let endpoint: Endpoint
    let memory: ProcessMemory

    /// Starts the server with further options and waits until it listens. `models`: a folder that the server only
    /// reads; nil for the scratch folder. `answerCacheMebibytes`: the answer cache of each event loop; nil for the
    /// server's default, 0 to compute every answer.
    init(
        binary: String, scratch: ScratchFolder, models: String? = nil, answerCacheMebibytes: Int? = 0,
        options: [String] = []
    ) throws {
        guard ChildOutput.isExecutable(binary) else {
            throw BenchFailure.binaryMissing(path: binary)
        }
        logPath = scratch.path + "/server.log"
        guard FileManager.default.createFile(atPath: logPath, contents: nil),
            let log = FileHandle(forWritingAtPath: logPath)
        else {
            throw BenchFailure.system(call: "open", path: logPath, code: errno)
        }
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments =
            [
                "serve", "--models", models ?? scratch.models, "--state", scratch.path + "/state", "--listen",
                "127.0.0.1:0",
            ] + (answerCacheMebibytes.map { ["--answer-cache-mib", "\($0)"] } ?? []) + options
        process.standardOutput = output.pipe
        process.standardError = log
        try process.run()
        let processID = process.processIdentifier
        InterruptCleanup.add { kill(processID, SIGKILL) }
        guard let endpoint = Self.endpoint(from: &output) else {
            let status = process.isRunning ? nil : process.terminationStatus
            process.stop()
            throw BenchFailure.serverNotReady(status: status, log: Self.end(ofLog: logPath))
        }
        self.endpoint = endpoint
        memory = ProcessMemory(processID: process.processIdentifier)
    }

    deinit { process.stop() }

    /// Stops the server with SIGTERM. Throws unless it exits with 0.
    func stop() throws {
        process.terminate()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw BenchFailure.serverStatus(process.terminationStatus, log: Self.end(ofLog: logPath))
        }
    }

    /// The address in the server's "listening on" line; nil where the server ends before it.
    private static func endpoint(from output: inout ChildOutput) -> Endpoint? {
        let mark = "listening on "
        while let line = output.line() {
            if line.hasPrefix(mark) { return Endpoint(String(line.dropFirst(mark.count))) }
        }
        return nil
    }

    private static func end(ofLog path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return String(text.suffix(2_000))
    }
}

extension Process {
    /// Kills the process where it still runs.
    fileprivate func stop() {
        guard isRunning else { return }
        kill(processIdentifier, SIGKILL)
        waitUntilExit()
    }
}
