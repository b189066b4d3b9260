import Foundation
import Glibc
import KindredModel
import KindredSystem

/// A packed version kept outside its repository until it is published.
struct WithheldVersion {
    private let published: String
    private let kept: String

    /// Moves a version out of its repository.
    init(_ version: UInt64, of model: DrawnModel, in scratch: ScratchFolder) throws {
        published = "\(scratch.models)/\(model.name)/\(version)"
        kept = "\(scratch.path)/\(model.name)-\(version)"
        try takeBack()
    }

    /// Reads every file of the version into the page cache.
    func warmPageCache() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: kept) {
            let file = try ReadableFile(path: "\(kept)/\(name)", name: name)
            _ = try file.checksum()
        }
    }

    /// Publishes the version by one rename, as a packer does.
    func publish() throws { try Self.move(kept, to: published) }

    /// Moves the version out again.
    func takeBack() throws { try Self.move(published, to: kept) }

    private static func move(_ from: String, to target: String) throws {
        guard rename(from, target) == 0 else {
            throw BenchFailure.system(call: "rename", path: from, code: errno)
        }
    }
}
