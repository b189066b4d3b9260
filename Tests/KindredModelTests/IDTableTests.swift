import KindredDomain
import KindredModel
import KindredSystem
import Testing
import TestSupport

@Suite struct IDTableTests {
    private func row(_ table: IDTable, _ text: String) -> UInt32? { table.row(of: ExternalID(text)) }

    @Test func numbersAtTheEdges() throws {
        let table = try IDTable(ids: .numbers([0, 5, Limits.numberIDMax]))
        #expect(table.kind == .number && table.count == 3)
        #expect(table.row(ofNumber: 0) == 0)
        #expect(table.row(ofNumber: Limits.numberIDMax) == 2)
        #expect(table.row(ofNumber: 4) == nil && table.row(ofNumber: 6) == nil)
        #expect(table.row(ofNumber: .max) == nil)
        #expect(row(table, "5") == nil, "a text is not looked up as the number it spells")
        #expect(table.id(ofRow: 1) == .number(5))
        #expect(table.ids(ofRows: [2, 0]) == .numbers([Limits.numberIDMax, 0]))
    }

    @Test func textsCompareAsBytes() throws {
        let longest = String(repeating: "z", count: 256)
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let table = try IDTable(ids: .text(TextList(["a", "a\u{0}", "aa", decomposed, composed, longest])))
        #expect(row(table, decomposed) == 3 && row(table, composed) == 4)
        #expect(row(table, "a") == 0 && row(table, "a\u{0}") == 1 && row(table, "aa") == 2)
        #expect(row(table, longest) == 5 && row(table, longest + "z") == nil && row(table, "") == nil)
        #expect(table.row(ofNumber: 1) == nil)
        #expect(table.id(ofRow: 4) == ExternalID(composed))
        #expect(table.ids(ofRows: [5, 0, 0]) == .text(TextList([longest, "a", "a"])))
        #expect(table.ids(ofRows: []).isEmpty)
    }

    @Test(arguments: [
        IDList.numbers([]), .numbers([2, 1]), .numbers([1, 1]), .numbers([Limits.numberIDMax + 1]),
        .text(TextList(["b", "a"])), .text(TextList(["a", "a"])), .text(TextList([""])),
        .text(TextList(offsets: [0, 2], bytes: [0xC3, 0x28])!),
    ]) func refused(_ ids: IDList) {
        #expect(throws: FileFailure.self) { try IDTable(ids: ids) }
    }

    @Test func aTextOf257BytesIsRefused() {
        let ids = IDList.text(TextList([String(repeating: "x", count: 257)]))
        #expect(throws: FileFailure.self) { try IDTable(ids: ids) }
    }

    /// Interpolation guesses wrongly for uneven numbers: most of them at one end, in two heaps, or further and
    /// further apart.
    @Test func unevenNumbersAreFound() throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        let kinds: [(inout SeededGenerator) -> UInt64] = [
            { UInt64.random(in: 0...Limits.numberIDMax, using: &$0) },
            { 1 << UInt64.random(in: 0...62, using: &$0) + UInt64.random(in: 0...3, using: &$0) },
            { Limits.numberIDMax - UInt64.random(in: 0...2_000, using: &$0) },
            { UInt64.random(in: 0...2_000, using: &$0) + (Bool.random(using: &$0) ? 1 << 62 : 0) },
            { Limits.numberIDMax >> UInt64.random(in: 0...62, using: &$0) },
        ]
        for _ in 0..<20 {
            var numbers: Set<UInt64> = Bool.random(using: &generator) ? [] : [0, Limits.numberIDMax]
            for _ in 0..<Int.random(in: 1...1_000, using: &generator) {
                numbers.insert(min(kinds.randomElement(using: &generator)!(&generator), Limits.numberIDMax))
            }
            let sorted = numbers.sorted()
            let table = try IDTable(ids: .numbers(sorted))
            for (row, number) in sorted.enumerated() {
                #expect(table.row(ofNumber: number) == UInt32(row), "seed \(seed)")
                for absent in [number &- 1, number + 1] where !numbers.contains(absent) {
                    #expect(table.row(ofNumber: absent) == nil, "seed \(seed)")
                }
            }
        }
    }

    @Test func everyRowIsFound() throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        for _ in 0..<20 {
            let numbers = Set(
                (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                    UInt64.random(in: 0...500, using: &generator)
                }
            ).sorted()
            let table = try IDTable(ids: .numbers(numbers))
            let texts = numbers.map { ExternalID(String($0)) }.sorted()
            let textTable = try IDTable(ids: IDList(texts))
            for number in 0...501 as ClosedRange<UInt64> {
                let wanted = numbers.firstIndex(of: number).map(UInt32.init)
                #expect(table.row(ofNumber: number) == wanted, "seed \(seed)")
                let id = ExternalID(String(number))
                #expect(textTable.row(of: id) == texts.firstIndex(of: id).map(UInt32.init), "seed \(seed)")
            }
        }
    }
}
