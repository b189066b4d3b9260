import Glibc

/// A refused file of a model: the file, the field in it, the value found and the value wanted.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name; the path of a file that does not belong to a version.
    package let file: String
    /// The place in the file: a JSON path, a tensor, a row; or a system call.
    package let field: String
    /// The offending value.
    package let found: String
    /// The right value, or the rule for it.
    package let wanted: String

    /// The field of a failed allocation.
    package static let memoryField = "memory"

    package init(file: String, field: String, found: String, wanted: String) {
        self.file = file
        self.field = field
        self.found = found
        self.wanted = wanted
    }

    /// A failed system call, with the system's text for the errno value `code`.
    package init(file: String, call: String, code: Int32, wanted: String) {
        self.init(file: file, field: call, found: "refused (\(SystemError.text(code)))", wanted: wanted)
    }

    package var description: String { "\(file): \(field) is \(found), wanted \(wanted)" }

    /// A text from outside for a message: quoted, at most 80 bytes, control characters escaped.
    package static func quoted(_ text: String) -> String {
        var shown = "\""
        for scalar in text.unicodeScalars {
            if shown.utf8.count >= 80 { return shown + "\u{2026}\"" }
            if scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\"" || scalar == "\\" {
                shown += scalar.escaped(asASCII: false)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "\""
    }
}

/// Texts of the system's error numbers.
package enum SystemError {
    /// The text of an errno value. Thread-safe, since glibc's `strerror` has a buffer per thread.
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
