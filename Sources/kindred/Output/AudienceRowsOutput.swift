import KindredClient
import KindredSystem

/// Writes audience rows as they arrive: `id,score` lines to a file or standard output, or the `results` of one JSON
/// object. Nothing is printed before the first row or the end, so a failed request leaves no partial output.
final class AudienceRowsOutput {
    /// The output file; nil for standard output.
    private let file: OutputFile?
    private let json: Bool
    private var hasBegun = false
    private var rowsWritten = 0

    init(path: String?, json: Bool) throws {
        file = try path.map { try OutputFile(path: $0) }
        self.json = json
    }

    /// Rows in a file are always CSV lines.
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

    /// Completes the rows, and prints the summary with JSON.
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

    /// A CSV field, quoted where RFC 4180 requires it.
    private static func field(_ id: ExternalID) -> String {
        let text = id.description
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
