import Foundation
import Glibc
import KindredModel
import KindredSystem

/// A packed version that is kept out of a repository until it is to appear there.
struct VersionShelf {
    private let published: String
    private let kept: String

    /// Takes a version out of its repository.
    init(_ version: UInt64, of model: DrawnModel, in scratch: ScratchFolder) throws {
        published = "\(scratch.models)/\(model.name)/\(version)"
        kept = "\(scratch.path)/\(model.name)-\(version)"
        try takeBack()
    }

    /// Reads every file of the version, so that the page cache has them all.
    func warmPageCache() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: kept) {
            let file = try ReadableFile(path: "\(kept)/\(name)", name: name)
            _ = try file.checksum()
        }
    }

    /// Has the version appear, by one rename as a packer does.
    func publish() throws { try Self.move(kept, to: published) }

    /// Takes the version out again.
    func takeBack() throws { try Self.move(published, to: kept) }

    private static func move(_ from: String, to target: String) throws {
        guard rename(from, target) == 0 else {
            throw BenchFailure.system(call: "rename", path: from, code: errno)
        }
    }
}
