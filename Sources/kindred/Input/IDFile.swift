import KindredDomain
import KindredPack
import KindredTerminal

/// A text file of ids: one per line, a list with commas, or a CSV table with a column of ids.
struct IDFile {
    /// A path; `-` is standard input.
    let path: String
    let side: Side
    /// The heading of the id column, or its number from 1. Nil: the column whose heading names ids, else the first
    /// column.
    let column: String?

    private static let comma = UInt8(ascii: ",")
    /// Separators of columns. All are tried where the first record is a heading; without a heading only the comma is.
    private static let separators = [comma, UInt8(ascii: ";"), UInt8(ascii: "\t")]

    /// How the records of the file are read.
    private struct Shape {
        var separator = IDFile.comma
        /// Index of the id column; nil where every field is an id.
        var column: Int? = 0
        var hasHeading = false
        var notes: [String] = []
    }

    /// The ids of all files of an option, in order. Empty where the files have none.
    static func read(
        _ paths: [String], option: String, side: Side, column: String?
    ) throws(CommandFailure) -> GivenIDs {
        var lists: [GivenIDs] = []
        for path in paths {
            lists.append(try IDFile(path: OptionValues.path(path), side: side, column: column).read())
        }
        return GivenIDs(joining: lists, name: option, side: side)
    }

    /// The file's ids; empty where it has none.
    func read() throws(CommandFailure) -> GivenIDs {
        let bytes = try TextFile.read(path)
        do throws(RecordReader.Fault) {
            return try ids(bytes)
        } catch {
            throw .badRecord(path, line: error.line, reason: error.reason)
        }
    }

    private func ids(_ bytes: [UInt8]) throws(RecordReader.Fault) -> GivenIDs {
        var shape = try shape(of: bytes)
        var reader = RecordReader(bytes, separator: shape.separator)
        var ids: [[UInt8]] = []
        var withoutID = 0
        var isHeading = shape.hasHeading
        while try reader.next() {
            if reader.fields.allSatisfy(\.isEmpty) { continue }
            if isHeading {
                isHeading = false
                continue
            }
            guard let column = shape.column else {
                ids += reader.fields.filter { !$0.isEmpty }.map { reader.bytes(of: $0) }
                continue
            }
            if column < reader.fields.count, !reader.fields[column].isEmpty {
                ids.append(reader.bytes(of: reader.fields[column]))
            } else {
                withoutID += 1
            }
        }
        if withoutID > 0 {
            let subject = withoutID == 1 ? "1 line has" : "\(withoutID.groupedDigits) lines have"
            shape.notes.append("\(subject) no id in that column")
        }
        return GivenIDs(
            name: shownPath, side: side, ids: ids, notes: shape.notes.map { "\(shownPath): \($0)" },
            mayHaveHeading: !shape.hasHeading)
    }

    private var shownPath: String { path == "-" ? "standard input" : path }

    private func shape(of bytes: [UInt8]) throws(RecordReader.Fault) -> Shape {
        for separator in Self.separators {
            // Text that is malformed with one separator may be well formed with another.
            if let shape = try? shapeWithHeading(bytes, separator) { return shape }
        }
        var (least, most, records) = (Int.max, 0, 0)
        var first: [String] = []
        var reader = RecordReader(bytes)
        while try reader.next() {
            if reader.fields.allSatisfy(\.isEmpty) { continue }
            if records == 0 { first = reader.texts }
            records += 1
            least = min(least, reader.fields.count)
            most = max(most, reader.fields.count)
        }
        var shape = Shape()
        guard most > 1 else { return shape }
        if let column {
            guard let number = Int(column), (1...most).contains(number) else {
                throw RecordReader.Fault(
                    line: 1,
                    reason:
                        "no column '\(column)'; there are \(first.map { "'\($0)'" }.joined(separator: ", "))")
            }
            shape.column = number - 1
        } else if records == 1 || least != most {
            shape.column = nil
            shape.notes.append("read as ids that are separated by commas")
        } else {
            shape.notes.append(
                "\(most) columns, none of which is headed as ids: the first is taken, which begins with "
                    + "\(VisibleText.quoted(Array(first[0].utf8))); --column names another")
        }
        return shape
    }

    /// The shape where the first record is a heading with a column of ids; nil where it is not.
    private func shapeWithHeading(_ bytes: [UInt8], _ separator: UInt8) throws(RecordReader.Fault) -> Shape? {
        var reader = RecordReader(bytes, separator: separator)
        repeat {
            guard try reader.next() else { return nil }
        } while reader.fields.allSatisfy(\.isEmpty)
        let texts = reader.texts
        let headed = IDHeading.names(of: side).lazy.compactMap { name in
            texts.firstIndex { IDHeading.plain($0) == name }
        }.first
        let found =
            column.map { name in
                texts.firstIndex { $0 == name } ?? texts.firstIndex {
                    IDHeading.plain($0) == IDHeading.plain(name)
                }
                    ?? Self.index(ofNumber: name, among: texts, headed)
            } ?? headed
        guard let found else { return nil }
        var shape = Shape(separator: separator, column: found, hasHeading: true)
        let others = texts.enumerated().filter { $0.offset != found }.map { "'\($0.element)'" }
        shape.notes.append(
            others.isEmpty
                ? "line \(reader.line), '\(texts[found])', is a heading and no id"
                : "line \(reader.line) has the headings; the ids are those of '\(texts[found])', beside "
                    + others.joined(separator: ", "))
        return shape
    }

    /// The column index for a number, where the first record is a heading with ids; nil otherwise.
    private static func index(ofNumber number: String, among texts: [String], _ headed: Int?) -> Int? {
        guard headed != nil, let number = Int(number), (1...texts.count).contains(number) else { return nil }
        return number - 1
    }
}
