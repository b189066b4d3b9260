import ArgumentParser
import Foundation
import KindredDomain

/// Checks of values that more than one command takes.
enum OptionValues {
    /// Throws unless `k` fits the protocol's field. The server checks its own limit, at most the one named here.
    static func check(k: Int) throws {
        guard k > 0 else { throw ValidationError("-k \(k): at least 1") }
        guard k <= UInt32.max else { throw ValidationError("-k \(k): at most \(Limits.standard.kMax)") }
    }

    /// Whether a text has no character but white space.
    static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    /// Throws where a value is missing and the parser took the next option for it. A value may begin with one dash, as
    /// negative numbers and some ids do.
    static func checkPresent(_ options: [(name: String, values: [String])]) throws {
        for (name, values) in options {
            guard let value = values.first(where: { $0.hasPrefix("--") }) else { continue }
            throw ValidationError("\(name) \(value): a value, not the next option")
        }
    }

    /// Throws where the user gave the numbers themselves instead of the file that holds them.
    static func checkFile(_ name: String, _ value: String, of content: String) throws {
        let parts = value.split(separator: ",")
        guard !parts.isEmpty, parts.allSatisfy({ Float($0) != nil }),
            !FileManager.default.fileExists(atPath: value)
        else { return }
        throw ValidationError("\(name) \(value): a .npy file with \(content), not the numbers themselves")
    }

    /// Throws where more than one option reads standard input.
    static func checkStandardInput(_ readers: [(name: String, isReader: Bool)]) throws {
        let names = readers.filter(\.isReader).map(\.name)
        guard names.count > 1 else { return }
        throw ValidationError("\(names.joined(separator: " and ")): standard input is read once")
    }

    /// The path in an option's value. A leading `@`, as options for lists have it, is dropped.
    static func path(_ value: String) -> String {
        guard value.hasPrefix("@"), value.count > 1, !FileManager.default.fileExists(atPath: value) else {
            return value
        }
        return String(value.dropFirst())
    }

    /// What shows the part of a result that a name is probably meant for; nil for other names.
    static func meaning(ofColumn name: String) -> String? {
        switch name {
        case "id", "score": "every result has its \(name)"
        case "because": "--because shows it"
        case "origin":
            "--unknown fallback --json says it of each result, and a table of popular ones begins with \"popular\""
        default: nil
        }
    }

    /// The distinct column names that an option lists; nil where the option is absent. Throws for names that a result
    /// has in JSON already: the usual ones and `others`.
    static func columns(
        _ values: [String], json: Bool, others: [String] = []
    ) throws(ValidationError) -> [String]? {
        guard !values.isEmpty else { return nil }
        var names: [String] = []
        for value in values {
            for field in try IDListText.fields(value, option: "--columns") {
                let name = String(decoding: field, as: UTF8.self)
                guard !json || !(ResultNames.reserved.contains(name) || others.contains(name)) else {
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
