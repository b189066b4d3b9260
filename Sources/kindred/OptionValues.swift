import ArgumentParser
import Foundation

/// Checks of values that more than one command takes.
enum OptionValues {
    /// Throws unless a request can state so many results; what a server allows, it says itself.
    static func check(k: Int) throws {
        guard k > 0 else { throw ValidationError("-k \(k): at least 1") }
        guard k <= UInt32.max else { throw ValidationError("-k \(k): at most \(UInt32.max)") }
    }

    /// Throws for an option whose value was forgotten, so that the next option stands in its place. A value may begin
    /// with one dash, as negative numbers and some ids do.
    static func checkPresent(_ options: [(name: String, value: String?)]) throws {
        for (name, value) in options {
            guard let value, value.hasPrefix("--") else { continue }
            throw ValidationError("\(name) \(value): a value, not the next option")
        }
    }

    /// Throws where numbers stand in the place of the file that holds them.
    static func checkFile(_ name: String, _ value: String, of content: String) throws {
        let parts = value.split(separator: ",")
        guard !parts.isEmpty, parts.allSatisfy({ Float($0) != nil }),
            !FileManager.default.fileExists(atPath: value)
        else { return }
        throw ValidationError("\(name) \(value): a .npy file with \(content), not the numbers themselves")
    }

    /// Throws where standard input is to be read more than once.
    static func checkStandardInput(_ readers: [(name: String, isReader: Bool)]) throws {
        let names = readers.filter(\.isReader).map(\.name)
        guard names.count > 1 else { return }
        throw ValidationError("\(names.joined(separator: " and ")): standard input is read once")
    }

    /// The path that an option of a file gives: also with the @ of options that take lists.
    static func path(_ value: String) -> String {
        guard value.hasPrefix("@"), value.count > 1, !FileManager.default.fileExists(atPath: value) else {
            return value
        }
        return String(value.dropFirst())
    }

    /// The names of catalog columns that an option lists.
    static func columns(_ value: String?) throws(ValidationError) -> [String]? {
        guard let value else { return nil }
        return try IDListText.fields(value, option: "--columns").map { String(decoding: $0, as: UTF8.self) }
    }
}
