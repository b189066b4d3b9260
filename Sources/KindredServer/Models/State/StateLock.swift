import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// The right to write a state folder, which one process at a time has: a lock on the file `server.lock` in it, held
/// until the value or the process ends. The system releases it, however the process ends; a program that the process
/// starts does not inherit it.
final class StateLock: Sendable {
    enum Outcome {
        case held(StateLock)
        /// The system does not let the file be made or locked, for this reason.
        case unavailable(String)
    }

    private static let fileName = "server.lock"
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Lets others have the folder; nothing may be written there after it.
    func release() { _ = flock(descriptor, LOCK_UN) }

    /// Locks a folder, which should exist. Throws where another process, or another server of this one, has it.
    static func take(folder: String) throws(StartFailure) -> Outcome {
        let path = folder + "/" + fileName
        let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var descriptor = open(path, O_RDWR | O_CREAT | flags, 0o644)
        // A file of somebody else that may be read can be locked all the same.
        if descriptor < 0 { descriptor = open(path, O_RDONLY | flags) }
        guard descriptor >= 0 else { return .unavailable("\(path): \(SystemError.text(errno))") }
        var code: Int32 = 0
        repeat {
            code = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
        } while code == EINTR
        let lock = StateLock(descriptor: descriptor)
        switch code {
        case 0: return .held(lock)
        case EWOULDBLOCK: throw .stateInUse(folder, holder: lock.holder)
        default: return .unavailable("\(path): \(SystemError.text(code))")
        }
    }

    /// Says in the file whose the lock is, for those who find it held. What cannot be written is left out.
    func describe(address: String, models: String) {
        let text = "\(getpid())\n\(address)\n\(models)\n"
        _ = ftruncate(descriptor, 0)
        _ = text.utf8.withContiguousStorageIfAvailable { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// What the file says of its holder. The file may hold anything.
    private var holder: String {
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
