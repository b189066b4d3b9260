import ArgumentParser
import Foundation
import KindredDomain

/// Checks of values that more than one command takes.
enum OptionValues {
    /// Throws unless a request can state so many results; what a server allows, it says itself.
    static func check(k: Int) throws {
        guard k > 0 else { throw ValidationError("-k \(k): at least 1") }
        guard k <= UInt32.max else { throw ValidationError("-k \(k): at most \(UInt32.max)") }
    }

    /// Throws for an option whose value was forgotten, so that the next option stands in its place. A value may begin
    /// with one dash, as negative numbers and some ids do.
    static func checkPresent(_ options: [(name: String, values: [String])]) throws {
        for (name, values) in options {
            guard let value = values.first(where: { $0.hasPrefix("--") }) else { continue }
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

    /// The names of catalog columns that an option lists, each once; nil where it is not given. Throws for names that
    /// the members of a result have in JSON.
    static func columns(_ values: [String], json: Bool) throws(ValidationError) -> [String]? {
        guard !values.isEmpty else { return nil }
        var names: [String] = []
        for value in values {
            for field in try IDListText.fields(value, option: "--columns") {
                let name = String(decoding: field, as: UTF8.self)
                guard !json || !ResultNames.reserved.contains(name) else {
                    throw ValidationError(
                        "--columns \(name): with --json a result has a member '\(name)' of its own: "
                            + ResultNames.remedy)
                }
                if !names.contains(name) { names.append(name) }
            }
        }
        return names
    }
}
