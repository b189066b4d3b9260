import Glibc
import KindredDomain
import KindredSystem

/// A folder of models: `<root>/<model's name>/<version>/manifest.json`.
///
/// A value without cache: every call reads the disk.
package struct Repository: Sendable {
    /// The stamps of a version's folder and files. If two are equal, nothing has changed in between.
    package struct ChangeStamp: Sendable, Hashable {
        fileprivate let folder: FileStamp?
        fileprivate let files: [String: FileStamp]
    }

    /// A version in a model's folder.
    package struct VersionOnDisk: Sendable, Hashable {
        package let version: UInt64
        /// The stamp of its manifest; nil if the system denies access.
        package let manifest: FileStamp?
    }

    package let root: String

    package init(root: String) { self.root = root }

    /// The folder of a model's versions. It need not exist.
    package func directory(of model: ModelName) -> String { "\(root)/\(model)" }

    /// The folder of a version. It need not exist.
    package func directory(of model: ModelName, version: UInt64) -> String { "\(root)/\(model)/\(version)" }

    /// The models in ascending order: folders whose name is a valid model name, including folders without access.
    /// Throws if the root cannot be read.
    package func models() throws(FileFailure) -> [ModelName] {
        try DirectoryListing.names(in: root)
            .compactMap { $0.hasPrefix(".") ? nil : ModelName($0) }
            .filter { DirectoryListing.isDirectory(directory(of: $0), orForbidden: true) }
            .sorted()
    }

    /// The model's versions in ascending order: folders named by a positive number that have a manifest. Folders
    /// without access are included, so that loading them fails with the system's reason.
    package func versions(of model: ModelName) throws(FileFailure) -> [UInt64] {
        try look(at: model).map(\.version)
    }

    /// The versions that `versions(of:)` returns, with the stamps of their manifests.
    package func look(at model: ModelName) throws(FileFailure) -> [VersionOnDisk] {
        try versionFolders(of: model).compactMap { version in
            let manifest = FileStamp(path: directory(of: model, version: version) + "/" + ModelFiles.manifest)
            if manifest == nil, errno == ENOENT || errno == ENOTDIR { return nil }
            return VersionOnDisk(version: version, manifest: manifest)
        }
    }

    /// Whether the root has a manifest, so that it is a version's folder and not a repository.
    package var isVersion: Bool { FileStamp(path: root + "/" + ModelFiles.manifest) != nil }

    /// Whether a "model's" folder is a version's folder, so that the root is a model's folder and not a repository.
    package func isVersion(_ model: ModelName) -> Bool {
        Self.versionNumber(ofFolder: model.description) != nil
            && FileStamp(path: directory(of: model) + "/" + ModelFiles.manifest) != nil
    }

    /// The numbers of all folders and files of the model that are named by a positive number, ascending. They may be
    /// incomplete.
    package func versionFolders(of model: ModelName) throws(FileFailure) -> [UInt64] {
        try DirectoryListing.names(in: directory(of: model)).compactMap(Self.versionNumber(ofFolder:))
            .sorted()
    }

    /// The number that a folder's name spells, a plain decimal of at least 1; nil for other names.
    package static func versionNumber(ofFolder name: String) -> UInt64? {
        guard let number = ExternalID.plainDecimal(Array(name.utf8)), number > 0 else { return nil }
        return number
    }

    /// The stamps of a version's folder and files. A refused version is tried again when its stamp changes.
    ///
    /// Reads sizes, times and permissions only. A folder that cannot be read has a stamp too.
    package func changeStamp(of model: ModelName, version: UInt64) -> ChangeStamp {
        let directory = directory(of: model, version: version)
        var files: [String: FileStamp] = [:]
        for name in (try? DirectoryListing.names(in: directory)) ?? [] {
            files[name] = FileStamp(path: directory + "/" + name)
        }
        return ChangeStamp(folder: FileStamp(path: directory), files: files)
    }
}
