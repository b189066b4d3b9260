/// Text from outside, made safe for a terminal: control characters and invisible characters become escapes.
package enum VisibleText {
    /// Scalars that `quoted` shows before it cuts the text.
    private static let quotedScalarsMax = 60

    /// The text with every scalar that moves the cursor or changes the writing direction as an escape. Line feeds stay.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 != "\n" && isControl($0) }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar != "\n", isControl(scalar) {
                shown += escape(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// The text in one line: line feeds become escapes too.
    package static func line(_ text: String) -> String { escaped(text).replacing("\n", with: "\\u{a}") }

    /// UTF-8 in double quotes, with invisible characters as escapes: `"12748\u{a0}"`. Long texts are cut.
    package static func quoted(_ bytes: some Collection<UInt8>) -> String {
        var shown = "\""
        for (index, scalar) in String(decoding: bytes, as: UTF8.self).unicodeScalars.enumerated() {
            if index == quotedScalarsMax { return shown + "...\"" }
            switch scalar {
            case "\"", "\\": shown += "\\\(scalar)"
            case _ where isHidden(scalar): shown += escape(scalar)
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "\""
    }

    /// Whether a reader does not see the scalar, or takes it for an ordinary space.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
            true
        case .spaceSeparator: scalar != " "
        default: false
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        "\\u{\(String(scalar.value, radix: 16))}"
    }
}
