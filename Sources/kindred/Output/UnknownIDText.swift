import KindredDomain
import KindredTerminal

/// Formats unknown ids for messages: quoted, with a guess at the mistake.
enum UnknownIDText {
    /// Number of ids named in a message.
    private static let examplesMax = 5

    /// The first of `count` ids; each kind of guess is printed once.
    static func examples(_ ids: some Collection<ExternalID>, of count: UInt64) -> String {
        var told: Set<String> = []
        var texts: [String] = []
        for id in ids.prefix(examplesMax) {
            var text = quoted(id)
            if let guess = guess(id), told.insert(guess).inserted { text += " (\(guess))" }
            texts.append(text)
        }
        if count > UInt64(texts.count) { texts.append("...") }
        return texts.joined(separator: ", ")
    }

    /// The id in quotes, with invisible characters as escapes.
    static func quoted(_ id: ExternalID) -> String { VisibleText.quoted(Array(id.description.utf8)) }

    /// A guess at the mistake in an id; nil without one.
    static func guess(_ id: ExternalID) -> String? {
        guard case .text(let bytes) = id else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("\t") { return separated(by: "a tab") }
        if text.unicodeScalars.contains(where: VisibleText.isHidden) {
            return "has a character that is not seen"
        }
        if text.hasPrefix(" ") || text.hasSuffix(" ") { return "has a space at an end" }
        if text.contains("\"") || text.contains("'") { return "has quotes" }
        if text.contains(";") { return separated(by: "';'") }
        if text.contains(",") { return "has a comma" }
        if text.contains(" ") { return separated(by: "a space") }
        let digits = bytes.filter { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
        guard digits > 0, Double(text) != nil else { return nil }
        if text.contains("e") || text.contains("E") {
            return "looks like a number that a spreadsheet has shortened"
        }
        if text.contains(".") { return "looks like a number with decimals" }
        if text.hasPrefix("0"), bytes.count > 1 { return "begins with 0" }
        return nil
    }

    private static func separated(by sign: String) -> String {
        "has \(sign): ids of a list are separated by commas"
    }
}
