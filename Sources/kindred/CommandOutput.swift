import Foundation

/// What a command says beside its results.
enum CommandOutput {
    /// One line to standard error.
    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data("error: \(text)\n".utf8))
    }

    /// One line to standard error that is no error.
    static func note(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data("note: \(text)\n".utf8))
    }

    /// The lines of a file, without line ends and without empty ones; `-` is standard input.
    static func lines(of path: String) throws -> [String] {
        // Not FileManager: a pipe, such as the shell's <(...), is as good as a file.
        guard let file = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
            throw CommandFailure.unreadable(path)
        }
        let data: Data
        do {
            data = try file.readToEnd() ?? Data()
        } catch {
            throw CommandFailure.unreadable(path)
        }
        return data.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

/// What a command cannot do with what it was given.
enum CommandFailure: Error, CustomStringConvertible {
    case unreadable(String)
    case empty(String)
    case noFolder(String)
    case unreadableFolder(String, reason: String)
    case unwritable(String, reason: String)

    var description: String {
        switch self {
        case .unreadable(let path):
            "cannot read '\(path)': a file with one id per line, or - for standard input"
        case .empty(let path): "'\(path)' has no ids: one per line"
        case .noFolder(let path): "there is no folder '\(path)'"
        case .unreadableFolder(let path, let reason): "cannot open the folder '\(path)': \(reason)"
        case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
        }
    }
}
