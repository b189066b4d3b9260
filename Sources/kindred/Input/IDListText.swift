import ArgumentParser
import Foundation
import KindredDomain

/// The value of an option that takes ids: `A,B,"C, D"`, `@FILE`, or `@-` for standard input. `@@A` is the id `@A`.
struct IDListText: Sendable {
    /// The forms of a list, for help texts.
    static let help = "separated by commas, or @FILE"

    private enum Source: Sendable {
        case ids([[UInt8]])
        case file(String)
    }

    private let option: String
    private let text: String
    private let source: Source

    /// Reads one value of an option.
    static func option(_ option: String) -> @Sendable (String) -> ParsedValue<IDListText> {
        { text in
            ParsedValue(text) { text throws(ValidationError) in try IDListText(text, option: option) }
        }
    }

    private init(_ text: String, option: String) throws(ValidationError) {
        self.option = option
        self.text = text
        if text.hasPrefix("@"), !text.hasPrefix("@@") {
            let path = String(text.dropFirst())
            guard !path.isEmpty else { throw ValidationError("\(option) @: the name of a file behind the @") }
            source = .file(path)
            return
        }
        source = .ids(try Self.fields(text.hasPrefix("@@") ? String(text.dropFirst()) : text, option: option))
    }

    /// The non-empty fields of a text, separated by commas or line ends, without surrounding white space.
    static func fields(_ text: String, option: String) throws(ValidationError) -> [[UInt8]] {
        var reader = RecordReader(Array(text.utf8))
        var fields: [[UInt8]] = []
        do throws(RecordReader.Fault) {
            while try reader.next() {
                fields += reader.fields.filter { !$0.isEmpty }.map { reader.bytes(of: $0) }
            }
        } catch {
            throw ValidationError("\(option) \(text): \(error.reason)")
        }
        return fields
    }

    /// Whether the ids come from standard input.
    var isStandardInput: Bool {
        if case .file("-") = source { true } else { false }
    }

    /// The ids of all values of an option, in order.
    static func given(
        _ texts: [IDListText], side: Side, column: String?
    ) throws(CommandFailure) -> GivenIDs {
        var lists: [GivenIDs] = []
        for text in texts { lists.append(try text.given(side: side, column: column)) }
        return GivenIDs(joining: lists, name: texts.first?.option ?? "", side: side)
    }

    /// The ids; reads the file where the value names one. `column` is that of `IDFile`.
    func given(side: Side, column: String?) throws(CommandFailure) -> GivenIDs {
        switch source {
        case .file(let path): return try IDFile(path: path, side: side, column: column).read()
        case .ids(let ids):
            var given = GivenIDs(name: option, side: side, ids: ids)
            if FileManager.default.fileExists(atPath: text) { given.fileOfThatName = text }
            return given
        }
    }
}
