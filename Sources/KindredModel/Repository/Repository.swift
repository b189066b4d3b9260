import Glibc
import KindredDomain
import KindredSystem

/// A folder of models: `<root>/<model's name>/<version>/manifest.json`.
///
/// A value; every question is asked of the disk anew.
package struct Repository: Sendable {
    /// The stamps of a version's folder and files. Equal stamps: nothing has been touched in between.
    package struct ChangeStamp: Sendable, Hashable {
        fileprivate let folder: FileStamp?
        fileprivate let files: [String: FileStamp]
    }

    /// A version that a look at a model's folder has found.
    package struct VersionOnDisk: Sendable, Hashable {
        package let version: UInt64
        /// Of its manifest; nil where the system does not let it be looked at.
        package let manifest: FileStamp?
    }

    package let root: String

    package init(root: String) { self.root = root }

    /// Where a model's versions are, whether it exists or not.
    package func directory(of model: ModelName) -> String { "\(root)/\(model)" }

    /// Where a version is, whether it exists or not.
    package func directory(of model: ModelName, version: UInt64) -> String { "\(root)/\(model)/\(version)" }

    /// The models in ascending order: folders whose name is a model's, also those that may not be looked into. Throws
    /// where the root cannot be read.
    package func models() throws(FileFailure) -> [ModelName] {
        try DirectoryListing.names(in: root)
            .compactMap { $0.hasPrefix(".") ? nil : ModelName($0) }
            .filter { DirectoryListing.isDirectory(directory(of: $0), orForbidden: true) }
            .sorted()
    }

    /// The model's versions in ascending order: folders named by a positive number that have a manifest, and those
    /// that may not be looked into: they are refused when they are read, with the system's reason.
    package func versions(of model: ModelName) throws(FileFailure) -> [UInt64] {
        try look(at: model).map(\.version)
    }

    /// What `versions` gives, with the manifests' stamps.
    package func look(at model: ModelName) throws(FileFailure) -> [VersionOnDisk] {
        try versionFolders(of: model).compactMap { version in
            let manifest = FileStamp(path: directory(of: model, version: version) + "/" + ModelFiles.manifest)
            if manifest == nil, errno == ENOENT || errno == ENOTDIR { return nil }
            return VersionOnDisk(version: version, manifest: manifest)
        }
    }

    /// Whether a folder in the root's place has a manifest itself: the root is a version's folder.
    package var isVersion: Bool { FileStamp(path: root + "/" + ModelFiles.manifest) != nil }

    /// Whether a model's folder has a manifest itself: the root is a model's folder.
    package func isVersion(_ model: ModelName) -> Bool {
        Self.versionNumber(ofFolder: model.description) != nil
            && FileStamp(path: directory(of: model) + "/" + ModelFiles.manifest) != nil
    }

    /// All folders and files of the model that are named by a positive number, ascending, complete or not.
    package func versionFolders(of model: ModelName) throws(FileFailure) -> [UInt64] {
        try DirectoryListing.names(in: directory(of: model)).compactMap(Self.versionNumber(ofFolder:))
            .sorted()
    }

    /// The number a folder's name spells: a plain decimal of at least 1.
    package static func versionNumber(ofFolder name: String) -> UInt64? {
        guard let number = ExternalID.plainDecimal(Array(name.utf8)), number > 0 else { return nil }
        return number
    }

    /// What a version's folder and files look like from outside; a refused version is worth another look when this
    /// changes.
    ///
    /// Asks the system for sizes, times and permissions only. A folder that cannot be read has a stamp all the same.
    package func changeStamp(of model: ModelName, version: UInt64) -> ChangeStamp {
        let directory = directory(of: model, version: version)
        var files: [String: FileStamp] = [:]
        for name in (try? DirectoryListing.names(in: directory)) ?? [] {
            files[name] = FileStamp(path: directory + "/" + name)
        }
        return ChangeStamp(folder: FileStamp(path: directory), files: files)
    }
}
