import KindredClient
import KindredModel
import KindredSystem

/// The rows of an audience on their way out, as they arrive: `id,score` lines in a file or on standard output, or the
/// `results` of one JSON object. Before the first row, or the end, nothing is printed: what fails leaves no beginning.
final class AudienceRowsOutput {
    /// Nil: standard output.
    private let file: OutputFile?
    private let json: Bool
    private var hasBegun = false
    private var rowsWritten = 0

    init(path: String?, json: Bool) throws {
        file = try path.map { try OutputFile(path: $0) }
        self.json = json
    }

    /// Rows in a file are lines, whatever the summary is.
    private var areRowsJSON: Bool { json && file == nil }

    func write(_ chunk: AudienceStream.Chunk) throws {
        try begin()
        var text = ""
        for (id, score) in zip(chunk.ids, chunk.scores) {
            if areRowsJSON {
                if rowsWritten > 0 { text += "," }
                text += JSONWriter.compact(
                    .object([JSONMember("id", id.json), JSONMember("score", .score(score))]))
            } else {
                text += "\(Self.field(id)),\(score)\n"
            }
            rowsWritten += 1
        }
        try write(text)
    }

    /// Completes the rows; with JSON the summary follows.
    func finish(summary: [JSONMember]) throws {
        try begin()
        let object = JSONWriter.compact(.object(summary))
        if areRowsJSON { try write("]," + object.dropFirst() + "\n") }
        guard let file else { return }
        try file.publish()
        if json { print(object) }
    }

    private func begin() throws {
        guard !hasBegun else { return }
        hasBegun = true
        try write(areRowsJSON ? "{\"results\":[" : "id,score\n")
    }

    private func write(_ text: String) throws {
        if let file { try file.write(Array(text.utf8)) } else { try StandardOutput.write(text) }
    }

    /// A CSV field (RFC 4180): quoted where it must be.
    private static func field(_ id: ExternalID) -> String {
        let text = id.description
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
