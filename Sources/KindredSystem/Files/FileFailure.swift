import Glibc

/// Why a model's file was refused: the file, the field in it, the value found and the value wanted.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name, or its path where it is not one of a version's own files.
    package let file: String
    /// What in the file: a JSON path, a tensor, a row.
    package let field: String
    /// The offending value.
    package let found: String
    /// What would be right.
    package let wanted: String

    /// The field of a failure to get memory.
    package static let memoryField = "memory"

    package init(file: String, field: String, found: String, wanted: String) {
        self.file = file
        self.field = field
        self.found = found
        self.wanted = wanted
    }

    /// A refused system call, with the error's own words.
    package init(file: String, call: String, code: Int32, wanted: String) {
        self.init(file: file, field: call, found: "refused (\(SystemError.text(code)))", wanted: wanted)
    }

    package var description: String { "\(file): \(field) is \(found), wanted \(wanted)" }

    /// A text from outside as it may stand in a message: quoted, at most 80 bytes, control characters escaped.
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

/// The words of the system's error numbers.
package enum SystemError {
    /// What an errno value means. Thread-safe: glibc's `strerror` keeps its buffer per thread.
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
