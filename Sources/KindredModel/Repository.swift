import Glibc
import KindredDomain

/// A folder of models: `<root>/<model's name>/<version>/manifest.json`.
///
/// A value; every question is asked of the disk anew.
package struct Repository: Sendable {
    /// The sizes and times of a version's files. Equal stamps: nothing has been touched in between.
    package struct ChangeStamp: Sendable, Hashable {
        fileprivate struct Entry: Sendable, Hashable {
            let name: String
            let byteCount: Int64
            let inode: UInt64
            let seconds: Int
            let nanoseconds: Int
        }

        fileprivate let entries: [Entry]
    }

    package let root: String

    package init(root: String) { self.root = root }

    /// Where a model's versions are, whether it exists or not.
    package func directory(of model: ModelName) -> String { "\(root)/\(model)" }

    /// Where a version is, whether it exists or not.
    package func directory(of model: ModelName, version: UInt64) -> String { "\(root)/\(model)/\(version)" }

    /// The models in ascending order: folders whose name is a model's. Throws where the root cannot be read.
    package func models() throws(ModelFileFailure) -> [ModelName] {
        try DirectoryListing.names(in: root)
            .compactMap { $0.hasPrefix(".") ? nil : ModelName($0) }
            .filter { DirectoryListing.isDirectory(directory(of: $0)) }
            .sorted()
    }

    /// The model's versions in ascending order: folders named by a positive number that have a manifest.
    package func versions(of model: ModelName) throws(ModelFileFailure) -> [UInt64] {
        try versionFolders(of: model).filter {
            var status = stat()
            return lstat(directory(of: model, version: $0) + "/" + ModelFiles.manifest, &status) == 0
        }
    }

    /// All folders and files of the model that are named by a positive number, ascending, complete or not.
    package func versionFolders(of model: ModelName) throws(ModelFileFailure) -> [UInt64] {
        try DirectoryListing.names(in: directory(of: model)).compactMap(Self.versionNumber(ofFolder:))
            .sorted()
    }

    /// The number a folder's name spells: a plain decimal of at least 1.
    package static func versionNumber(ofFolder name: String) -> UInt64? {
        guard let number = ExternalID.plainDecimal(Array(name.utf8)), number > 0 else { return nil }
        return number
    }

    /// What a version's files look like from outside; a refused version is worth another look when this changes.
    ///
    /// Asks the system for sizes and times only. A folder that cannot be read has a stamp of its own.
    package func changeStamp(of model: ModelName, version: UInt64) -> ChangeStamp {
        let directory = directory(of: model, version: version)
        let names = ((try? DirectoryListing.names(in: directory)) ?? []).sorted()
        let entries = names.compactMap { name in
            var status = stat()
            guard lstat(directory + "/" + name, &status) == 0 else { return ChangeStamp.Entry?.none }
            return ChangeStamp.Entry(
                name: name, byteCount: Int64(status.st_size), inode: UInt64(status.st_ino),
                seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        }
        return ChangeStamp(entries: entries)
    }
}
