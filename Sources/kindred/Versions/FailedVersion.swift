import KindredDomain
import KindredSystem
import KindredTerminal

/// A version that a command could not read or change. The command goes on with the next one.
struct FailedVersion {
    let folder: VersionFolders.Folder
    let reason: String

    /// The line for people. `verdict`: what happened to the version, such as `refused`.
    func line(_ verdict: String) -> String { "\(verdict)  \(folder.name) \(folder.version)  \(reason)" }

    var json: JSONValue {
        .object([
            JSONMember("model", .string(folder.name.description)),
            JSONMember("version", .integer(folder.version)),
            JSONMember("directory", .string(folder.directory)),
            JSONMember("ok", .bool(false)),
            JSONMember("reason", .string(reason)),
        ])
    }

    /// Prints the line, or with `json` the object, to standard output, beside the versions that are sound.
    func show(_ verdict: String, json: Bool) {
        print(json ? JSONWriter.compact(self.json) : VisibleText.line(line(verdict)))
    }
}
