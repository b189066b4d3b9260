import CKindredSystem
import Glibc
import KindredModel
import KindredSystem

/// A temporary folder beside a model's versions. A new version is written into it, and a rename publishes it.
///
/// The packer holds a lock on the folder while it runs, so folders of crashed packers are recognised and removed.
struct StagingFolder: ~Copyable {
    let path: String
    private let modelDirectory: String
    private let descriptor: Int32
    private var isPublished = false

    /// Creates a folder in `modelDirectory` and locks it. Creates `modelDirectory` again if another packer removes it.
    init(in modelDirectory: String) throws(PackFailure) {
        while true {
            let path = modelDirectory + "/" + Self.randomName()
            guard mkdir(path, 0o755) == 0 else {
                let code = errno
                if code == EEXIST { continue }
                // Another packer has failed and removed the model's folder that it had created.
                if code == ENOENT, mkdir(modelDirectory, 0o755) == 0 { continue }
                throw PackFailure.system(call: "mkdir", path: path, code: code)
            }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            // Before the lock, another packer may take the folder for abandoned and remove it; then a new one is made.
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

    /// Renames the folder to the version's number, without replacing anything, and makes that durable. Returns false if
    /// the version exists already.
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

    /// Removes the folders of crashed packers: staging folders without a lock.
    static func removeAbandoned(in modelDirectory: String) {
        guard let names = try? DirectoryListing.names(in: modelDirectory) else { return }
        for name in names where isStagingName(name) {
            let path = modelDirectory + "/" + name
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            // Without locks in the file system, a crashed packer cannot be recognised, so the folder stays.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { remove(path) }
            close(descriptor)
        }
    }

    /// A random name for a folder or file that is not complete yet.
    static func randomName() -> String {
        var generator = SystemRandomNumberGenerator()
        return ModelFiles.temporaryPrefix
            + HexText.encode((0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// Whether a name has the form of `randomName`.
    static func isStagingName(_ name: String) -> Bool {
        guard name.hasPrefix(ModelFiles.temporaryPrefix) else { return false }
        return HexText.decode(String(name.dropFirst(ModelFiles.temporaryPrefix.count)), byteCount: 8) != nil
    }

    /// Removes a folder of files. Entries that cannot be removed stay; no server loads them, and the next pack tries
    /// again.
    private static func remove(_ path: String) {
        for name in (try? DirectoryListing.names(in: path)) ?? [] { unlink(path + "/" + name) }
        rmdir(path)
    }
}
