import ArgumentParser
import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// The versions that a path on the command line names.
struct VersionFolders {
    /// One version's folder, with the model and version that its path names.
    struct Folder {
        let name: ModelName
        let version: UInt64
        let directory: String
    }

    /// At least one, in ascending order.
    let folders: [Folder]

    /// Finds the versions: `path` is a version's folder, a model's folder or a repository.
    init(path: String) throws {
        guard let resolved = realpath(path, nil) else {
            let code = errno
            throw code == ENOENT
                ? CommandFailure.noFolder(path)
                : CommandFailure.unreadableFolder(path, reason: SystemError.text(code))
        }
        let full = String(cString: resolved)
        free(resolved)
        if access(full + "/" + ModelFiles.manifest, F_OK) == 0 {
            folders = [try Self.version(full)]
            return
        }
        let (parent, last) = Self.split(full)
        if let name = ModelName(last), case let found = try Self.all(of: name, in: Repository(root: parent)),
            !found.isEmpty
        {
            folders = found
            return
        }
        let repository = Repository(root: full)
        folders = try repository.models().flatMap { try Self.all(of: $0, in: repository) }
        guard !folders.isEmpty else {
            throw ValidationError("\(path): no \(ModelFiles.manifest) in it and no version below it")
        }
    }

    private static func all(of name: ModelName, in repository: Repository) throws -> [Folder] {
        try repository.versions(of: name).map {
            Folder(name: name, version: $0, directory: repository.directory(of: name, version: $0))
        }
    }

    private static func version(_ path: String) throws -> Folder {
        let (parent, last) = split(path)
        let (_, model) = split(parent)
        guard let version = Repository.versionNumber(ofFolder: last), let name = ModelName(model) else {
            throw ValidationError(
                "\(path): a version's folder is MODEL/NUMBER, with a name \(ModelName.rule) and a number from 1"
            )
        }
        return Folder(name: name, version: version, directory: path)
    }

    private static func split(_ path: String) -> (parent: String, last: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), String(path[slash...].dropFirst()))
    }
}
