import CKindredSystem
import Glibc
import KindredModel
import KindredSystem

/// A folder beside a model's versions in which one more is written, and which becomes that version by a rename.
///
/// Its packer holds a lock on it for as long as it lives, so the folders of dead packers can be told and removed.
struct StagingFolder: ~Copyable {
    let path: String
    private let modelDirectory: String
    private let descriptor: Int32
    private var isPublished = false

    /// Makes a new folder in `modelDirectory`, which must exist.
    init(in modelDirectory: String) throws(PackFailure) {
        while true {
            let path = modelDirectory + "/" + Self.randomName()
            guard mkdir(path, 0o755) == 0 else {
                let code = errno
                if code == EEXIST { continue }
                // Another packer that failed has taken away the folder that it had made.
                if code == ENOENT, mkdir(modelDirectory, 0o755) == 0 { continue }
                throw PackFailure.system(call: "mkdir", path: path, code: code)
            }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            // Another packer may have taken the unlocked folder for a dead one's: then make another.
            if descriptor < 0, errno == ENOENT { continue }
            guard descriptor >= 0 else { throw PackFailure.system(call: "open", path: path, code: errno) }
            var status = stat()
            let isContended = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            if isContended || (fstat(descriptor, &status) == 0 && status.st_nlink == 0) {
                close(descriptor)
                continue
            }
            self.path = path
            self.modelDirectory = modelDirectory
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        if !isPublished { Self.remove(path) }
        close(descriptor)
    }

    /// Makes the folder's entries durable.
    func sync() throws(PackFailure) {
        guard fsync(descriptor) == 0 else { throw PackFailure.system(call: "fsync", path: path, code: errno) }
    }

    /// Renames the folder to the version's, replacing nothing, and makes that durable. False where the version
    /// exists already.
    mutating func publish(asVersion version: UInt64) throws(PackFailure) -> Bool {
        let target = "\(modelDirectory)/\(version)"
        let code = kindred_rename_without_replacing(path, target)
        if code == EEXIST { return false }
        guard code == 0 else { throw PackFailure.system(call: "rename to", path: target, code: code) }
        isPublished = true
        try Self.sync(modelDirectory)
        return true
    }

    /// Makes a folder's entries durable.
    static func sync(_ directory: String) throws(PackFailure) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(call: "fsync", path: directory, code: errno) }
    }

    /// Removes what packers left behind that died: folders of this name's form that nobody holds a lock on.
    static func removeAbandoned(in modelDirectory: String) {
        guard let names = try? DirectoryListing.names(in: modelDirectory) else { return }
        for name in names where isStagingName(name) {
            let path = modelDirectory + "/" + name
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            // Where the file system has no locks nobody can be known to be dead, and the folder stays.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { remove(path) }
            close(descriptor)
        }
    }

    /// A name that nothing else has, for a folder or a file that is not complete yet.
    static func randomName() -> String {
        var generator = SystemRandomNumberGenerator()
        return ModelFiles.temporaryPrefix
            + HexText.encode((0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// Whether a name has the form of those that `randomName` makes.
    static func isStagingName(_ name: String) -> Bool {
        guard name.hasPrefix(ModelFiles.temporaryPrefix) else { return false }
        return HexText.decode(String(name.dropFirst(ModelFiles.temporaryPrefix.count)), byteCount: 8) != nil
    }

    /// Removes a folder of files. What cannot be removed stays: no server loads it, and the next pack tries again.
    private static func remove(_ path: String) {
        for name in (try? DirectoryListing.names(in: path)) ?? [] { unlink(path + "/" + name) }
        rmdir(path)
    }
}
