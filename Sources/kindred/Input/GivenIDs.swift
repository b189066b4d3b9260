import KindredDomain
import KindredTerminal

/// Ids as a command was given them, with what is to be said of how they were read.
struct GivenIDs: Sendable {
    /// What names them in messages: an option, or a file.
    let name: String
    /// Whose ids they are.
    let side: Side
    /// Texts, in their order.
    private(set) var ids: [ExternalID]
    /// How they were read, where that may not be what was meant.
    private(set) var notes: [String]
    /// A file with the name that stands where the ids should.
    var fileOfThatName: String?
    /// Indices, ascending, of the first ids of lists that are no numbers while all others of the list are: where the
    /// model's ids are numbers, they are headings.
    private let possibleHeadings: [Int]

    init(name: String, side: Side, ids: [[UInt8]], notes: [String] = [], isHeadingLooked: Bool = false) {
        self.name = name
        self.side = side
        self.ids = ids.map { .text($0) }
        self.notes = notes
        let mayHaveHeading =
            isHeadingLooked && ids.count > 1 && Self.integer(ids[0]) == nil
            && ids.dropFirst().allSatisfy { Self.integer($0) != nil }
        possibleHeadings = mayHaveHeading ? [0] : []
    }

    /// All ids of several lists; a list that stands alone keeps its own name.
    init(joining lists: [GivenIDs], name: String, side: Side) {
        if lists.count == 1 {
            self = lists[0]
            return
        }
        self.name = name
        self.side = side
        ids = lists.flatMap(\.ids)
        notes = lists.flatMap(\.notes)
        var (start, headings) = (0, [Int]())
        for list in lists {
            headings += list.possibleHeadings.map { start + $0 }
            start += list.ids.count
        }
        possibleHeadings = headings
    }

    /// Whether the kind of the model's ids decides how these are read.
    var dependOnKind: Bool { !possibleHeadings.isEmpty || ids.contains { Self.integerOfFloat($0) != nil } }

    /// Reads them as ids of the model's kind: where that is numbers, `12748.0` is 12748, as spreadsheets write it.
    mutating func adapt(to kind: IDKind?) {
        guard kind == .number else { return }
        for index in possibleHeadings.reversed() {
            notes.append(
                "\(name): \(shown(ids.remove(at: index))) is taken for a heading: the model's \(side) are numbers"
            )
        }
        var converted = 0
        var example: ExternalID?
        for index in ids.indices {
            guard let digits = Self.integerOfFloat(ids[index]) else { continue }
            if example == nil { example = ids[index] }
            ids[index] = .text(Array(digits))
            converted += 1
        }
        guard let example else { return }
        let subject = converted == 1 ? "1 id is" : "\(converted.groupedDigits) ids are"
        notes.append(
            "\(name): \(subject) written with decimals, as \(shown(example)), and read as whole numbers")
    }

    /// Keeps the first of equal ids.
    mutating func dropRepeated() {
        var seen: Set<ExternalID> = []
        ids = ids.filter { seen.insert($0).inserted }
    }

    private func shown(_ id: ExternalID) -> String { VisibleText.quoted(Array(id.description.utf8)) }

    /// The digits of a whole number, as a plain decimal or with zeros behind a point.
    private static func integer(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let digits = bytes.prefix { $0 != UInt8(ascii: ".") }
        guard ExternalID.plainDecimal(digits) != nil else { return nil }
        let rest = bytes[digits.endIndex...]
        let areZeros = rest.count > 1 && rest.dropFirst().allSatisfy { $0 == UInt8(ascii: "0") }
        return rest.isEmpty || areZeros ? digits : nil
    }

    private static func integerOfFloat(_ id: ExternalID) -> ArraySlice<UInt8>? {
        guard case .text(let bytes) = id, bytes.contains(UInt8(ascii: ".")) else { return nil }
        return integer(bytes)
    }
}
