import Foundation
import Glibc

/// A file that is seen when it is whole: until then its bytes lie beside it, as PATH.partial, and go when it is
/// given up.
///
/// A link is followed, and an existing file's permissions are kept. What is no file but a device or a pipe is written
/// as it comes, and so is what standard output or standard error already writes to.
final class OutputFile {
    private let path: String
    private let handle: FileHandle
    /// Nil where the bytes go to their place at once, and once they are there.
    private var partial: String?

    /// Opens PATH, or what it will be. Waits for the reader of a pipe.
    init(path: String) throws {
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
            handle = FileHandle(fileDescriptor: dup(own), closeOnDealloc: true)
            return
        }
        self.path = isThere ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
        let isFile = kind == S_IFREG
        let opened = isFile ? self.path + ".partial" : path
        let mode = isThere ? status.st_mode & 0o777 : 0o666
        let descriptor = open(opened, O_WRONLY | O_CLOEXEC | (isFile ? O_CREAT | O_TRUNC : 0), mode)
        guard descriptor >= 0 else {
            throw CommandFailure.unwritable(path, reason: String(cString: strerror(errno)))
        }
        if isThere, isFile { _ = fchmod(descriptor, mode) }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        partial = isFile ? opened : nil
    }

    deinit { if let partial { unlink(partial) } }

    /// Standard output or standard error, where that is the file: opened anew, it would be written from its beginning.
    private static func ownStream(_ status: stat) -> Int32? {
        [STDOUT_FILENO, STDERR_FILENO].first { stream in
            var own = stat()
            return fstat(stream, &own) == 0 && own.st_dev == status.st_dev && own.st_ino == status.st_ino
        }
    }

    func write(_ bytes: Data) throws { try handle.write(contentsOf: bytes) }

    /// Puts the whole file in its place.
    func publish() throws {
        try handle.close()
        guard let partial else { return }
        guard rename(partial, path) == 0 else {
            throw CommandFailure.unwritable(path, reason: String(cString: strerror(errno)))
        }
        self.partial = nil
    }
}
