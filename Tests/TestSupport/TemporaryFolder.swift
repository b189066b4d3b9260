import Foundation

/// A temporary folder of one test, removed with this object.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/kindred-model-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file inside the folder.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file inside the folder. Returns its path.
    @discardableResult
    package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = file(name)
        try? FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Writes a text file inside the folder. Returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    /// Copies the files of a folder into a new folder inside, owned by the current user. `copyItem` would keep the
    /// owner, which only root may change.
    package func copyFiles(of folder: String, to name: String) throws {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        for entry in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try write("\(name)/\(entry)", Self.bytes("\(folder)/\(entry)"))
        }
    }

    /// Reads a file.
    package static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Writes a file at any path.
    package static func create(_ path: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Replaces a file, even a read-only one.
    package static func replace(_ path: String, _ bytes: [UInt8]) throws {
        try FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
