/// Failures of a measurement of the engine.
enum EngineFailure: Error, CustomStringConvertible {
    case sideMissing(directory: String)
    case peerNotStarted(command: String, reason: String)
    case peerEnded(command: String, request: String)
    case unexpectedReply(command: String, request: String, reply: String)
    case idsUnreadable(path: String, found: Int, wanted: Int)
    case emptyFile(path: String)
    case dimensionsDiffer(folder: String, rows: Int, queries: Int)

    var description: String {
        switch self {
        case .sideMissing(let directory):
            "--shipped \(directory): the model has one side alone, wanted items and users"
        case .peerNotStarted(let command, let reason): "\(command): not started: \(reason)"
        case .peerEnded(let command, let request):
            "\(command) ended, wanted an answer to \"\(request.isEmpty ? "ready" : request)\""
        case .unexpectedReply(let command, let request, let reply):
            "\(command) answered \"\(request)\" with \"\(reply)\""
        case .idsUnreadable(let path, let found, let wanted): "\(path): \(found) bytes, wanted \(wanted)"
        case .emptyFile(let path): "\(path): 0 vectors, wanted at least 1"
        case .dimensionsDiffer(let folder, let rows, let queries):
            "\(folder): queries.npy has \(queries) elements a vector, wanted \(rows) as in rows.npy"
        }
    }
}
