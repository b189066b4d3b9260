/// Columns of text, two spaces apart. Control characters in a cell are shown as escapes.
package struct TextTable {
    private let rows: [[String]]
    private let rightAligned: Set<Int>

    /// The first row is the heading. Rows may have fewer cells than the heading. `rightAligned`: column indices.
    package init(rows: [[String]], rightAligned: Set<Int>) {
        self.rows = rows.map { $0.map(VisibleText.line) }
        self.rightAligned = rightAligned
    }

    /// A table of figures: names in the first column, numbers aligned to the right in the others.
    package init(figures rows: [[String]]) {
        self.init(rows: rows, rightAligned: Set(1..<max(1, rows.map(\.count).max() ?? 0)))
    }

    /// The rows as lines without trailing spaces.
    package var lines: [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                if column > 0 { line += "  " }
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += rightAligned.contains(column) ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
