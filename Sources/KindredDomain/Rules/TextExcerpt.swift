/// A part of a text for one line of a message: whole characters around a place, with `…` where more was cut off.
package struct TextExcerpt {
    /// Bytes of the part.
    package static let bytesMax = 60
    /// Bytes after the place, at least where the text has them.
    private static let bytesAfter = 24

    package let text: String

    /// `place` is an offset in bytes. One outside the text is that of its nearer end.
    package init(of whole: String, around place: Int) {
        let bytes = Array(whole.utf8)
        let place = min(max(0, place), bytes.count)
        var end = min(bytes.count, max(Self.bytesMax, place + Self.bytesAfter))
        var start = max(0, end - Self.bytesMax)
        while start < end, Self.continuesCharacter(bytes[start]) { start += 1 }
        while end > start, end < bytes.count, Self.continuesCharacter(bytes[end]) { end -= 1 }
        let part = String(decoding: bytes[start..<end], as: UTF8.self)
        text = (start > 0 ? "…" : "") + Self.onOneLine(part) + (end < bytes.count ? "…" : "")
    }

    private static func continuesCharacter(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// White space becomes a space, other control characters become U+FFFD.
    private static func onOneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar.properties.isWhitespace, .lineSeparator, .paragraphSeparator:
                line.append(" ")
            case .control, .format: line.append("\u{FFFD}")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
