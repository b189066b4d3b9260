import Foundation
import Glibc
import KindredSystem

/// A file that appears once it is complete. Until then its bytes are in a new file `.NAME.PROCESS.partial` beside it,
/// which is removed on failure or when a signal ends the command.
///
/// Links are followed, and an existing file keeps its permissions. Devices, pipes and the process's own standard
/// streams are written directly.
final class OutputFile {
    /// Names tried for the partial file where others exist.
    private static let attemptsMax = 100

    /// The path as the user gave it.
    private let name: String
    private let path: String
    /// -1 after closing.
    private var descriptor: Int32
    /// Path of the partial file; nil where bytes are written directly, and after publishing.
    private var partial: String?

    /// Opens `path` or its partial file. For a pipe, waits for the reader.
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

    /// Creates a new partial file in the folder of `path`. Neither touches an existing file nor follows a link.
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

    /// Standard output or standard error where the path names the same file. Opened again, it would be overwritten from
    /// its start.
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

    /// Renames the complete file into place.
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

/// The partial file that a signal handler removes. There is at most one.
private enum UnfinishedFile {
    /// A C string, never freed, since a signal may arrive at any time.
    nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?

    /// Makes SIGINT, SIGTERM and SIGHUP remove the file before they end the process. Signals that are ignored, as under
    /// `nohup`, stay ignored.
    static func set(_ file: String) {
        path = strdup(file)
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            var current = sigaction()
            sigaction(signal, nil, &current)
            let isIgnored = unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) == 1
            if isIgnored { continue }
            // Calls only functions that are safe in a signal handler (signal-safety(7)).
            Glibc.signal(signal) { number in
                if let path = UnfinishedFile.path { unlink(path) }
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Forgets the file, which is complete or removed.
    static func clear() { path = nil }
}
