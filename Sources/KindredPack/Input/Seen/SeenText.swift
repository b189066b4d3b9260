import KindredDomain
import KindredModel
import KindredSystem

/// Reads pairs of a user's and an item's id from a text: one pair per line, with a tab or a comma between them.
///
/// The first line decides: a tab if it has one. Ids are the bytes as they stand; nothing is unquoted or trimmed.
struct SeenText {
    private static let tab = UInt8(ascii: "\t")
    private static let comma = UInt8(ascii: ",")
    /// Lines between two reports of progress.
    private static let linesPerReport = 1 << 16

    let path: String
    let users: IDTable
    let items: IDTable

    /// What was found beside the known pairs.
    private(set) var unknown = SeenReport.Unknown()
    private(set) var heading: String?

    init(path: String, users: IDTable, items: IDTable) {
        self.path = path
        self.users = users
        self.items = items
    }

    /// Reads all pairs whose ids are known: user row << 32 | item row, in the order of the lines. Throws for a line
    /// that is no pair, and where no pair is known.
    mutating func read(progress: (PackProgress) -> Void) throws(FileFailure) -> [UInt64] {
        var lines = try PairLines(path: path)
        var pairs: [UInt64] = []
        var separator: UInt8?
        // Exports are often grouped by user, who is then looked up once.
        var last: (id: [UInt8], row: UInt32?)?
        while let line = try lines.next() {
            if lines.number % Self.linesPerReport == 0 {
                progress(.readingPairs(done: lines.byteCountRead, of: lines.byteCount))
            }
            let between = separator ?? (line.contains(Self.tab) ? Self.tab : Self.comma)
            separator = between
            let (user, item) = try fields(of: line, between, number: lines.number)
            let userRow: UInt32?
            if let last, last.id.elementsEqual(user) {
                userRow = last.row
            } else {
                userRow = users.row(ofField: user)
                last = (Array(user), userRow)
            }
            let itemRow = items.row(ofField: item)
            if let userRow, let itemRow {
                guard UInt64(pairs.count) < Limits.seenPairsMax else {
                    throw FileFailure(
                        file: path, field: "number of pairs", found: "more than \(pairs.count)",
                        wanted: "at most \(Limits.seenPairsMax)")
                }
                pairs.append(UInt64(userRow) << 32 | UInt64(itemRow))
                continue
            }
            if lines.number == 1, try isHeading(user, userRow, item, itemRow) {
                heading = TextIDRule.shown(line)
                continue
            }
            unknown.pairs += 1
            if userRow == nil { unknown.add(user, to: \.users) }
            if itemRow == nil { unknown.add(item, to: \.items) }
        }
        if pairs.isEmpty, unknown.pairs > 0 {
            throw FileFailure(
                file: path, field: "every pair", found: "one of unknown ids (\(unknown.examples))",
                wanted: "the id of a user, then that of an item, as the files of ids have them")
        }
        return pairs
    }

    private func fields(
        of line: ArraySlice<UInt8>, _ separator: UInt8, number: Int
    ) throws(FileFailure) -> (user: ArraySlice<UInt8>, item: ArraySlice<UInt8>) {
        let place = line.firstIndex(of: separator)
        guard let place, !line[(place + 1)...].contains(separator) else {
            let (name, advice) =
                separator == Self.tab
                ? ("tab", "cut -f 1,2 takes the first two columns")
                : ("comma", "a tab in all lines allows commas in ids")
            throw FileFailure(
                file: path, field: "line \(number)", found: TextIDRule.shown(line),
                wanted: "the id of a user and that of an item with one \(name) between them (\(advice))")
        }
        return (line[..<place], line[(place + 1)...])
    }

    /// Whether the first line, which is no known pair, has headings: both fields name columns, or a field of numeric
    /// ids has no digit. Throws for headings in the other order.
    private func isHeading(
        _ user: ArraySlice<UInt8>, _ userRow: UInt32?, _ item: ArraySlice<UInt8>, _ itemRow: UInt32?
    ) throws(FileFailure) -> Bool {
        guard userRow == nil, itemRow == nil else { return false }
        func names(_ field: ArraySlice<UInt8>, _ side: Side) -> Bool {
            let text = String(decoding: field, as: UTF8.self).filter { $0 != "\"" }
            return IDHeading.names(of: side).contains(IDHeading.plain(text))
        }
        if names(user, .users), names(item, .items) { return true }
        if names(user, .items), names(item, .users) {
            throw FileFailure(
                file: path, field: "line 1",
                found: "the headings \(TextIDRule.shown(user)) and \(TextIDRule.shown(item))",
                wanted: "users before items (awk -F'\\t' -v OFS='\\t' '{print $2, $1}' turns them)")
        }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return users.kind == .number && !user.contains(where: digits.contains)
            || items.kind == .number && !item.contains(where: digits.contains)
    }
}

extension IDTable {
    /// The row of the id that a field has; nil if it is none of the table's.
    fileprivate func row(ofField field: ArraySlice<UInt8>) -> UInt32? {
        field.withUnsafeBytes { bytes in
            switch kind {
            case .number: ExternalID.plainDecimal(bytes).flatMap(row(ofNumber:))
            case .text: row(ofText: bytes)
            }
        }
    }
}
