import Glibc
import KindredDomain
import KindredSystem
import Synchronization

/// The right to write a state folder, which one server at a time has: a lock on the file `server.lock` in it.
///
/// The system releases the lock when the process ends, however it ends. A program that the process starts does not
/// inherit it. Any thread may call.
final class StateLock: Sendable {
    private struct State {
        /// The open file; nil while the lock is not held.
        var descriptor: Int32?
        /// The text that the file has while the lock is held.
        var description = ""
    }

    private static let fileName = "server.lock"
    private let folder: String
    private let state = Mutex(State())

    /// Holds nothing until `take`.
    init(folder: String) { self.folder = folder }

    deinit { release() }

    /// Locks the folder, which should exist. Returns nil where the lock is held afterwards, and else the reason why the
    /// system does not let the file be made or locked. Throws where another server has the folder.
    func take() throws(StartFailure) -> String? {
        try state.withLock { (state) throws(StartFailure) in
            if state.descriptor != nil { return nil }
            let path = folder + "/" + Self.fileName
            let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            var descriptor = open(path, O_RDWR | O_CREAT | flags, 0o644)
            // A file of another user can be locked if it can be read.
            if descriptor < 0 { descriptor = open(path, O_RDONLY | flags) }
            guard descriptor >= 0 else { return "\(path): \(SystemError.text(errno))" }
            var code: Int32 = 0
            repeat {
                code = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
            } while code == EINTR
            guard code == 0 else {
                defer { close(descriptor) }
                if code == EWOULDBLOCK {
                    throw .stateInUse(folder, holder: Self.holder(in: descriptor))
                }
                return "\(path): \(SystemError.text(code))"
            }
            state.descriptor = descriptor
            Self.write(state.description, to: descriptor)
            return nil
        }
    }

    /// Lets other servers have the folder. This server must not write there any more.
    func release() {
        state.withLock { state in
            if let descriptor = state.descriptor { close(descriptor) }
            state.descriptor = nil
        }
    }

    /// Writes into the file whose lock it is, for servers that find it held. The text is written again when the lock is
    /// taken later. A text that cannot be written is left out.
    func describe(address: String, models: String) {
        state.withLock { state in
            state.description = "\(getpid())\n\(address)\n\(models)\n"
            if let descriptor = state.descriptor { Self.write(state.description, to: descriptor) }
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        _ = ftruncate(descriptor, 0)
        _ = Array(text.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The holder of the lock, as the file describes it. The file may hold any bytes.
    private static func holder(in descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: Limits.lockFileBytesMax)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let first = lines.first, let process = UInt32(first) else { return "another process" }
        var text = "process \(process)"
        if lines.count > 1, !lines[1].isEmpty { text += ", \(FileFailure.quoted(lines[1]))" }
        if lines.count > 2 { text += ", models \(FileFailure.quoted(lines[2]))" }
        return text
    }
}
