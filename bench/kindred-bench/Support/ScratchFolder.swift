import Foundation

/// A temporary folder for one run, removed at its end, also after an interruption.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        let path = FileManager.default.temporaryDirectory.path + "/kindred-bench-\(UUID().uuidString)"
        self.path = path
        try FileManager.default.createDirectory(atPath: path + "/models", withIntermediateDirectories: true)
        InterruptCleanup.add { try? FileManager.default.removeItem(atPath: path) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var models: String { path + "/models" }

    /// Removes one version's folder.
    func remove(model: String, version: UInt64) throws {
        try FileManager.default.removeItem(atPath: "\(models)/\(model)/\(version)")
    }
}
