import Foundation

/// What a command says beside its results.
enum CommandOutput {
    /// One line to standard error.
    static func error(_ text: String) { FileHandle.standardError.write(Data("error: \(text)\n".utf8)) }

    /// One line to standard error that is no error.
    static func note(_ text: String) { FileHandle.standardError.write(Data("note: \(text)\n".utf8)) }

    /// The lines of a file, without line ends and without empty ones; `-` is standard input.
    static func lines(of path: String) throws -> [String] {
        let data: Data
        if path == "-" {
            data = FileHandle.standardInput.readDataToEndOfFile()
        } else {
            guard let contents = FileManager.default.contents(atPath: path) else {
                throw CommandFailure.unreadable(path)
            }
            data = contents
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
    case unwritable(String, reason: String)

    var description: String {
        switch self {
        case .unreadable(let path):
            "cannot read '\(path)': a file with one id per line, or - for standard input"
        case .empty(let path): "'\(path)' has no ids: one per line"
        case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
        }
    }
}
