import KindredDomain
import Testing

@Suite struct ExternalIDTests {
    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("17850", 17_850), ("9223372036854775807", 9_223_372_036_854_775_807),
        ] as [(String, UInt64)])
    func plainDecimalsAreNumbers(text: String, value: UInt64) {
        #expect(ExternalID.plainDecimal(text.utf8) == value)
    }

    @Test(arguments: [
        "", "00", "07", "-1", "+1", "1 ", "1e3", "٣", "9223372036854775808", "99999999999999999999",
    ])
    func otherTextsAreNoNumbers(text: String) {
        #expect(ExternalID.plainDecimal(text.utf8) == nil)
    }

    /// "é" as one scalar and as two: equal as strings, different as ids.
    @Test func idsThatDifferByNormalisationDiffer() {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        #expect(composed == decomposed)
        #expect(ExternalID(composed) != ExternalID(decomposed))
        #expect(Set([ExternalID(composed), ExternalID(decomposed)]).count == 2)
    }

    @Test(arguments: ["a", "online-retail", "0", String(repeating: "x", count: 63)])
    func modelNames(text: String) { #expect(ModelName(text)?.description == text) }

    @Test(arguments: ["", "-a", "_a", "A", "a b", "../x", "a/b", "ä", String(repeating: "x", count: 64)])
    func malformedModelNames(text: String) { #expect(ModelName(text) == nil) }
}
