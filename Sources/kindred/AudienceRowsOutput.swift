import Foundation
import KindredClient
import KindredModel

/// The rows of an audience on their way out, as they arrive: a file that appears when it is whole, `id,score`
/// lines on standard output, or the `results` of one JSON object.
final class AudienceRowsOutput {
    private enum Form {
        case file(path: String)
        case lines
        case json(rowsWritten: Int)
        /// The rows are in a file, the summary is JSON.
        case fileAndJSON(path: String)
    }

    private var form: Form
    private let handle: FileHandle

    init(path: String?, json: Bool) throws {
        guard let path else {
            form = json ? .json(rowsWritten: 0) : .lines
            handle = .standardOutput
            try write(json ? "{\"results\":[" : "id,score\n")
            return
        }
        form = json ? .fileAndJSON(path: path) : .file(path: path)
        let partial = path + ".partial"
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let file = FileHandle(forWritingAtPath: partial)
        else { throw CommandFailure.unwritable(path, reason: String(cString: strerror(errno))) }
        handle = file
        try write("id,score\n")
    }

    func write(_ chunk: AudienceStream.Chunk) throws {
        var text = ""
        if case .json(let rowsWritten) = form {
            for (index, (id, score)) in zip(chunk.ids, chunk.scores).enumerated() {
                if rowsWritten + index > 0 { text += "," }
                text += JSONWriter.compact(
                    .object([JSONMember("id", id.json), JSONMember("score", .score(score))]))
            }
            form = .json(rowsWritten: rowsWritten + chunk.ids.count)
        } else {
            for (id, score) in zip(chunk.ids, chunk.scores) { text += "\(Self.field(id)),\(score)\n" }
        }
        try write(text)
    }

    /// Completes the rows; with JSON the summary follows.
    func finish(summary: [JSONMember]) throws {
        let object = JSONWriter.compact(.object(summary))
        switch form {
        case .lines: break
        case .json: try write("]," + object.dropFirst() + "\n")
        case .file(let path): try publish(path)
        case .fileAndJSON(let path):
            try publish(path)
            print(object)
        }
    }

    private func publish(_ path: String) throws {
        try handle.close()
        guard rename(path + ".partial", path) == 0 else {
            throw CommandFailure.unwritable(path, reason: String(cString: strerror(errno)))
        }
    }

    private func write(_ text: some StringProtocol) throws { try handle.write(contentsOf: Data(text.utf8)) }

    /// A CSV field (RFC 4180): quoted where it must be.
    private static func field(_ id: ExternalID) -> String {
        let text = id.description
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
