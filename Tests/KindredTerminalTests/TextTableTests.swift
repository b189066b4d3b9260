import KindredTerminal
import Testing

@Suite struct TextTableTests {
    @Test func columnsAreAlignedAndTrailingSpacesRemoved() {
        let table = TextTable(
            rows: [["#", "item", "score"], ["1", "82494L", "0.8"], ["10", "x", "10.25"]],
            rightAligned: [0, 2])
        #expect(table.lines == [" #  item    score", " 1  82494L    0.8", "10  x       10.25"])
        let left = TextTable(rows: [["item", "name"], ["1", ""]], rightAligned: [])
        #expect(left.lines == ["item  name", "1"])
    }

    @Test func figuresAlignAllButTheFirstColumnToTheRight() {
        #expect(
            TextTable(figures: [["ms", "p50"], ["all", "1.250"]]).lines == ["ms     p50", "all  1.250"])
    }

    @Test func rowsMayHaveFewerCellsThanTheHeading() {
        #expect(TextTable(rows: [["a", "b"], ["1"], []], rightAligned: [1]).lines == ["a  b", "1", ""])
        #expect(TextTable(figures: []).lines == [])
    }

    @Test func controlCharactersAreShownAsEscapes() {
        let lines = TextTable(rows: [["a\nb\u{1B}[2J", "c"]], rightAligned: []).lines
        #expect(lines == ["a\\u{a}b\\u{1b}[2J  c"])
    }
}
