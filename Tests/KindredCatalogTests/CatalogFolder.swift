import Foundation
import GRDB

/// A folder of one test, removed with it, and databases in it.
final class CatalogFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/kindred catalog?\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    /// The names of all files.
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// A database made by the statements; its path.
    func database(_ name: String, _ sql: String) throws -> String {
        let queue = try DatabaseQueue(path: file(name))
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
        return file(name)
    }
}
