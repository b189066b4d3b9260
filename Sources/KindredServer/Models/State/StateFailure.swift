import KindredDomain

/// Why the state file was refused, or a choice not saved.
package enum StateFailure: Error, Sendable, Equatable {
    /// An error of SQLite: its code and its message.
    case sqlite(file: String, operation: String, code: Int32, message: String)
    /// The file ends in the middle of a page.
    case cut(file: String, byteCount: Int, pageByteCount: Int)
    /// A pipe, a folder or a device in place of the file, or of one that SQLite opens with it.
    case notAFile(file: String, found: String)
    case tooLarge(file: String, byteCount: Int)
    /// The schema is not the one that the server writes.
    case schema(file: String, found: String)
    /// Written by a newer program.
    case newerFormat(file: String, found: Int64, wanted: Int64)
    /// The file is a database of something else.
    case foreign(file: String, applicationID: Int64)
    /// A row with a value that a server never writes.
    case row(file: String, model: String, field: String, found: String, wanted: String)
    /// A version number that the file cannot hold.
    case version(file: String, model: String, found: UInt64)
}

extension StateFailure {
    /// Whether the system does not let the file be opened, made or written; the file itself may be sound.
    package var isRefusedBySystem: Bool {
        // The primary codes: SQLITE_PERM, READONLY, IOERR, FULL, CANTOPEN.
        guard case .sqlite(_, _, let code, _) = self else { return false }
        return [3, 8, 10, 13, 14].contains(code & 0xFF)
    }
}

extension StateFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sqlite(let file, let operation, let code, let message):
            "\(file): \(operation): \(message) (SQLite code \(code)); a state file that is damaged may be removed, "
                + "and the server then serves the newest versions"
        case .cut(let file, let byteCount, let pageByteCount):
            "\(file): \(byteCount) bytes, wanted whole pages of \(pageByteCount) bytes: the file has been cut"
        case .notAFile(let file, let found):
            "\(file): \(found), wanted a file"
        case .tooLarge(let file, let byteCount):
            "\(file): \(byteCount) bytes, wanted at most \(Limits.stateFileBytesMax): no state file is so large"
        case .schema(let file, let found):
            "\(file): the schema has \(found), wanted "
                + ServerStateSchema.tables.map { "the table \"\($0.name)\"" }.joined(separator: ", ")
                + " as the server makes it and nothing else; move the file away, and the server makes another"
        case .newerFormat(let file, let found, let wanted):
            "\(file): state format \(found), wanted at most \(wanted): a newer kindred wrote it"
        case .foreign(let file, let applicationID):
            "\(file): a database of another program (application id \(applicationID)), wanted a state file"
        case .row(let file, let model, let field, let found, let wanted):
            "\(file): \(field) of model \"\(model)\" is \(found), wanted \(wanted)"
        case .version(let file, let model, let found):
            "\(file): version \(found) of model \"\(model)\" cannot be kept, wanted at most \(UInt64(Int64.max))"
        }
    }
}
