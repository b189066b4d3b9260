import KindredTerminal
import Testing

@Suite struct VisibleTextTests {
    @Test func ordinaryTextStaysAsItIs() {
        let text = "Größe 大 🙂\nnext"
        #expect(VisibleText.escaped(text) == text)
        #expect(VisibleText.line(text) == "Größe 大 🙂\\u{a}next")
    }

    /// An escape sequence, a bell, a right-to-left override, a line separator.
    @Test(arguments: ["\u{1B}", "\u{7}", "\u{202E}", "\u{2028}"]) func controlsBecomeEscapes(
        _ control: String
    ) {
        let code = String(control.unicodeScalars.first!.value, radix: 16)
        #expect(VisibleText.escaped("a\(control)b") == "a\\u{\(code)}b")
    }

    @Test func quotedShowsInvisibleCharacters() {
        #expect(VisibleText.quoted(Array("12748\u{A0}".utf8)) == "\"12748\\u{a0}\"")
        #expect(VisibleText.quoted(Array("a\"b\\c d".utf8)) == "\"a\\\"b\\\\c d\"")
        #expect(VisibleText.quoted([0x61, 0xFF]) == "\"a\u{FFFD}\"")
    }

    @Test func quotedCutsAfterSixtyCharacters() {
        let (fits, cut) = (String(repeating: "x", count: 60), String(repeating: "x", count: 61))
        #expect(VisibleText.quoted(Array(fits.utf8)) == "\"\(fits)\"")
        #expect(VisibleText.quoted(Array(cut.utf8)) == "\"\(fits)...\"")
    }
}
