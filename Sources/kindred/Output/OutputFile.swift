import Foundation
import Glibc
import KindredModel
import KindredSystem

/// A file that is seen when it is whole: until then its bytes lie beside it, in a new file `.NAME.PROCESS.partial`,
/// which goes when it is given up, or when a signal ends the command.
///
/// A link is followed, and an existing file's permissions are kept. What is no file but a device or a pipe is written
/// as it comes, and so is what standard output or standard error already writes to.
final class OutputFile {
    /// Names that are tried where files of that name are there.
    private static let attemptsMax = 100

    /// As it was given.
    private let name: String
    private let path: String
    /// -1 once it is closed.
    private var descriptor: Int32
    /// Nil where the bytes go to their place at once, and once they are there.
    private var partial: String?

    /// Opens PATH, or what it will be. Waits for the reader of a pipe.
    init(path: String) throws {
        name = path
        var link = stat()
        var status = stat()
        let isThere = stat(path, &status) == 0
        guard isThere || lstat(path, &link) != 0 else {
            throw CommandFailure.unwritable(path, reason: "it is a link to what is not there")
        }
        let kind = isThere ? status.st_mode & S_IFMT : S_IFREG
        guard kind != S_IFDIR else { throw CommandFailure.unwritable(path, reason: "it is a folder") }
        if isThere, let own = Self.ownStream(status) {
            self.path = path
            descriptor = dup(own)
            guard descriptor >= 0 else { throw Self.failure(path, errno) }
            return
        }
        self.path = isThere ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
        guard kind == S_IFREG else {
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.failure(path, errno) }
            return
        }
        let mode = isThere ? status.st_mode & 0o777 : 0o666
        let (descriptor, partial) = try Self.create(beside: self.path, mode: mode, named: path)
        self.descriptor = descriptor
        self.partial = partial
        UnfinishedFile.set(partial)
        if isThere { _ = fchmod(descriptor, mode) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        guard let partial else { return }
        unlink(partial)
        UnfinishedFile.clear()
    }

    /// Makes a file that was not there, in the folder of `path`: nobody else's is touched, and no link is followed.
    private static func create(
        beside path: String, mode: mode_t, named name: String
    ) throws -> (descriptor: Int32, path: String) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent()
        for attempt in 1...attemptsMax {
            let mark = attempt == 1 ? "\(getpid())" : "\(getpid())-\(attempt)"
            let partial = folder.appendingPathComponent(".\(target.lastPathComponent).\(mark).partial").path
            let descriptor = open(partial, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
            if descriptor >= 0 { return (descriptor, partial) }
            guard errno == EEXIST else { break }
        }
        throw failure(name, errno)
    }

    /// Standard output or standard error, where that is the file: opened anew, it would be written from its beginning.
    private static func ownStream(_ status: stat) -> Int32? {
        [STDOUT_FILENO, STDERR_FILENO].first { stream in
            var own = stat()
            return fstat(stream, &own) == 0 && own.st_dev == status.st_dev && own.st_ino == status.st_ino
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
        .unwritable(path, reason: SystemError.text(code))
    }

    func write(_ bytes: [UInt8]) throws {
        do throws(DescriptorFault) {
            try Descriptor.write(bytes, to: descriptor)
        } catch {
            throw Self.failure(name, error.code)
        }
    }

    /// Puts the whole file in its place.
    func publish() throws {
        let result = close(descriptor)
        descriptor = -1
        guard result == 0 else { throw Self.failure(name, errno) }
        guard let partial else { return }
        guard rename(partial, path) == 0 else { throw Self.failure(name, errno) }
        self.partial = nil
        UnfinishedFile.clear()
    }
}
