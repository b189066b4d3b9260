/// Renders JSON in UTF-8.
package enum JSONWriter {
    /// The document on one line, without spaces.
    package static func compact(_ value: JSONValue) -> String {
        var text = ""
        append(value, indent: nil, to: &text)
        return text
    }

    /// The document with one member per line, indented by two spaces, ending with a line feed.
    package static func pretty(_ value: JSONValue) -> String {
        var text = ""
        append(value, indent: 0, to: &text)
        return text + "\n"
    }

    private static func append(_ value: JSONValue, indent: Int?, to text: inout String) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let string): append(string, to: &text)
        case .array(let elements):
            // Arrays stay on one line, since a manifest has only short lists of names.
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += indent == nil ? "," : ", " }
                append(element, indent: nil, to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                if let indent { text += "\n" + String(repeating: " ", count: indent + 2) }
                append(member.name, to: &text)
                text += indent == nil ? ":" : ": "
                append(member.value, indent: indent.map { $0 + 2 }, to: &text)
            }
            if let indent, !members.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
            text += "}"
        }
    }

    private static func append(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        text += "\""
    }
}
