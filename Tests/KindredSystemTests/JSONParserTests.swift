import KindredSystem
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try Array(text.utf8).withUnsafeBytes { try JSONParser.parse($0, file: "test") }
    }

    @Test(arguments: [
        #"{"a":18446744073709551615,"b":[1.5e-3,-0,true,false,null],"c":{"é":"\n\u00e9\ud83d\ude00"}}"#,
        "0", #""""#, "[]", "{}",
    ]) func survivesARoundTrip(_ text: String) throws {
        let value = try parse(text)
        #expect(try parse(JSONWriter.compact(value)) == value)
        #expect(try parse(JSONWriter.pretty(value)) == value)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", "-", "+1", "nul", "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\u{1}\"", "1 2", "{1:2}", "\"", "\"\\", "\"\\u12", "NaN",
        String(repeating: "[", count: 17) + String(repeating: "]", count: 17),
    ]) func refused(_ text: String) {
        #expect(throws: FileFailure.self) { try parse(text) }
    }

    @Test func depthHasItsLimit() throws {
        // Far more levels than a stack has room for.
        #expect(throws: FileFailure.self) { try parse(String(repeating: "[", count: 100_000)) }
        _ = try parse(String(repeating: "[", count: 16) + String(repeating: "]", count: 16))
    }

    @Test func numbersKeepTheirDigits() throws {
        #expect(try parse("18446744073709551615").unsigned == .max)
        #expect(try parse("18446744073709551616").unsigned == nil)
        #expect(try parse("1.0").unsigned == nil && parse("-1").unsigned == nil)
    }

    @Test func invalidUTF8() {
        let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
        #expect(throws: FileFailure.self) {
            try bytes.withUnsafeBytes { try JSONParser.parse($0, file: "test") }
        }
    }
}
