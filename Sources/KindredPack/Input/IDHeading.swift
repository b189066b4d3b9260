import KindredDomain
import KindredModel
import KindredSystem

/// Recognises the heading line of a text file of ids, as exports of tables have it.
package enum IDHeading {
    /// What a pack did with a first line that looks like a heading.
    package enum Reading: Sendable, Equatable {
        /// There is one line more than vectors: the line is no id.
        case skipped(file: String, line: String)
        /// There are as many lines as vectors: the line is an id like the others.
        case packed(file: String, line: String)
    }

    private static let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    /// Names of columns with ids, the most specific first, in the form that `plain` gives.
    package static func names(of side: Side) -> [String] {
        switch side {
        case .users: ["userid", "customerid", "user", "users", "customer", "customers", "id", "ids"]
        case .items: ["itemid", "productid", "item", "items", "product", "sku", "stockcode", "id", "ids"]
        }
    }

    /// A heading in lower case without spaces, dashes and underscores, which do not matter.
    package static func plain(_ heading: String) -> String {
        heading.lowercased().filter { $0 != " " && $0 != "_" && $0 != "-" }
    }

    /// Looks at the first line of a file of ids beside `rows` vectors; nil where it is an id.
    ///
    /// Throws for a table with a heading and several columns: which of them has the ids is not guessed.
    static func read(
        _ lines: [Range<Int>], of bytes: UnsafeRawBufferPointer, side: Side, rows: Int, file: String
    ) throws(FileFailure) -> Reading? {
        guard let first = lines.first, lines.count == rows || lines.count == rows + 1 else { return nil }
        let isOneMore = lines.count > rows
        let fields = bytes[first].split(omittingEmptySubsequences: false) { separators.contains($0) }
        let isNamed = fields.contains { field in
            let text = String(decoding: field, as: UTF8.self).filter { $0 != "\"" }
            return names(of: side).contains(plain(text))
        }
        let line = TextIDRule.shown(bytes[first])
        guard fields.count == 1 else {
            guard isNamed, isOneMore else { return nil }
            throw FileFailure(
                file: file, field: "line 1", found: line,
                wanted: "one id per line: this is the heading of a table with \(fields.count) columns")
        }
        guard isNamed || isAboveNumbers(lines, bytes) else { return nil }
        return isOneMore ? .skipped(file: file, line: line) : .packed(file: file, line: line)
    }

    /// Whether the first line has no digit while all others are numbers.
    private static func isAboveNumbers(_ lines: [Range<Int>], _ bytes: UnsafeRawBufferPointer) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard lines.count > 1, !bytes[lines[0]].contains(where: digits.contains) else { return false }
        return lines.dropFirst().allSatisfy { ExternalID.plainDecimal(bytes[$0]) != nil }
    }
}

extension IDHeading.Reading: CustomStringConvertible {
    package var description: String {
        switch self {
        case .skipped(let file, let line):
            "\(file): line 1, \(line), is taken for a heading and no id: there is one line more than vectors"
        case .packed(let file, let line):
            "\(file): line 1, \(line), looks like a heading and is packed as an id: there are as many lines as vectors"
        }
    }
}
