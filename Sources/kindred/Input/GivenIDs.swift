import KindredDomain
import KindredTerminal

/// Ids as the user gave them, with notes on how they were read.
struct GivenIDs: Sendable {
    /// Their name in messages: an option or a file.
    let name: String
    /// The side of the model that the ids belong to.
    let side: Side
    /// The ids as texts, in the order given.
    private(set) var ids: [ExternalID]
    /// Notes on a reading that the user may not have meant.
    private(set) var notes: [String]
    /// The name of an existing file that was given where ids are expected.
    var fileOfThatName: String?
    /// Ascending indices of ids that may be headings: the first of a list, not a number, while all others are numbers.
    /// They are headings where the model's ids are numbers.
    private let possibleHeadings: [Int]

    /// The number of ids; nil where the model decides whether one is a heading.
    var count: Int? { possibleHeadings.isEmpty ? ids.count : nil }

    init(name: String, side: Side, ids: [[UInt8]], notes: [String] = [], mayHaveHeading: Bool = false) {
        self.name = name
        self.side = side
        self.ids = ids.map { .text($0) }
        self.notes = notes
        let hasPossibleHeading =
            mayHaveHeading && ids.count > 1 && Self.integer(ids[0]) == nil
            && ids.dropFirst().allSatisfy { Self.integer($0) != nil }
        possibleHeadings = hasPossibleHeading ? [0] : []
    }

    /// Joins several lists. A single list keeps its own name.
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

    /// Whether the reading depends on the model's kind of ids.
    var dependOnKind: Bool { !possibleHeadings.isEmpty || ids.contains { Self.integerOfFloat($0) != nil } }

    /// Converts the ids to the model's kind. For numbers, possible headings are dropped and `12748.0`, as spreadsheets
    /// write it, becomes 12748.
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

    /// Drops repeated ids; the first one stays.
    mutating func dropRepeated() {
        var seen: Set<ExternalID> = []
        ids = ids.filter { seen.insert($0).inserted }
    }

    private func shown(_ id: ExternalID) -> String { VisibleText.quoted(Array(id.description.utf8)) }

    /// The digits of a whole number, written as a plain decimal or with zeros after a point. Nil for other texts.
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
