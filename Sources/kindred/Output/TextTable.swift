/// Columns of text under each other. What a terminal must not get stands in them as escapes.
struct TextTable {
    /// The first row is the heading.
    let rows: [[String]]
    let rightAligned: Set<Int>

    init(rows: [[String]], rightAligned: Set<Int>) {
        self.rows = rows.map { $0.map(VisibleText.line) }
        self.rightAligned = rightAligned
    }

    var lines: [String] {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += rightAligned.contains(column) ? padding + cell : cell + padding
                if column + 1 < row.count { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
