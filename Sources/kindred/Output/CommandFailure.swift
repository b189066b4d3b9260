import KindredTerminal

/// Failures that are not a server's.
enum CommandFailure: Error, CustomStringConvertible {
    case unreadable(String, reason: String)
    case noText(String, reason: String)
    case empty(String)
    case badRecord(String, line: Int, reason: String)
    case noColumn(String, column: String, columns: [String])
    case tooManyIDs(String, count: Int, limit: UInt64)
    case noFolder(String)
    case unreadableFolder(String, reason: String)
    case unwritable(String, reason: String)
    case timeIsOver(seconds: Double, isTotal: Bool)

    var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "cannot read '\(path)': \(reason); wanted a file with one id per line, or - for standard input"
        case .noText(let path, let reason): "cannot read '\(path)': \(reason)"
        case .empty(let name): "'\(name)' has no ids: one per line, or separated by commas"
        case .badRecord(let path, let line, let reason): "\(path): line \(line): \(reason)"
        case .noColumn(let path, let column, let columns):
            "'\(path)' has no column '\(column)': it has \(columns.joined(separator: ", "))"
        case .tooManyIDs(let name, let count, let limit):
            "\(name): \(count.groupedDigits) ids, at most \(limit.groupedDigits)"
        case .noFolder(let path): "there is no folder '\(path)'"
        case .unreadableFolder(let path, let reason): "cannot open the folder '\(path)': \(reason)"
        case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
        case .timeIsOver(let seconds, true):
            "DEADLINE_EXCEEDED: not done within --timeout \(seconds.shortened) s"
        case .timeIsOver(let seconds, false):
            "DEADLINE_EXCEEDED: nothing came for \(seconds.shortened) s; --timeout sets how long the command "
                + "may take"
        }
    }
}

extension Double {
    /// The number without decimals where it is whole.
    var shortened: String { self == rounded() && magnitude < 1e9 ? "\(Int(self))" : "\(self)" }
}
