/// Texts from outside as a terminal may get them.
enum VisibleText {
    /// Scalars of an id that are shown.
    private static let idScalarsMax = 60

    /// The text with what moves a cursor or turns the direction of writing as escapes; line feeds stay.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 != "\n" && isControl($0) }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar != "\n", isControl(scalar) {
                shown += code(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// The text as it may stand in one line: line feeds are escapes too.
    static func line(_ text: String) -> String { escaped(text).replacing("\n", with: "\\u{a}") }

    /// An id in quotes, whatever the eye would not see in it as an escape: `"12748\u{a0}"`.
    static func quoted(_ bytes: some Collection<UInt8>) -> String {
        var shown = "\""
        for (index, scalar) in String(decoding: bytes, as: UTF8.self).unicodeScalars.enumerated() {
            if index == idScalarsMax { return shown + "...\"" }
            switch scalar {
            case "\"", "\\": shown += "\\\(scalar)"
            case _ where isHidden(scalar): shown += code(scalar)
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "\""
    }

    /// Whether the eye does not see the scalar, or takes it for a space.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
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

    private static func code(_ scalar: Unicode.Scalar) -> String { "\\u{\(String(scalar.value, radix: 16))}" }
}
