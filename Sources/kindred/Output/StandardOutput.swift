@preconcurrency import Glibc
import KindredSystem

/// Writes to standard output and detects output that could not be written.
enum StandardOutput {
    private static let name = "standard output"

    /// The reader has closed the pipe, as in `| head`. The command ends silently.
    struct ReaderIsGone: Error {}

    /// Writes at once, after flushing earlier output.
    static func write(_ text: String) throws {
        try flush()
        do throws(DescriptorFault) {
            try Descriptor.write(Array(text.utf8), to: STDOUT_FILENO)
        } catch {
            throw failure(error.code)
        }
    }

    /// Flushes buffered output. Throws where any output, now or earlier, could not be written.
    static func flush() throws {
        if fflush(stdout) != 0 { throw failure(errno) }
        guard ferror(stdout) != 0 else { return }
        // An earlier write failed and its error code is lost. A closed pipe still shows.
        var state = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        if poll(&state, 1, 0) > 0, state.revents & Int16(POLLERR) != 0 { throw ReaderIsGone() }
        throw CommandFailure.unwritable(name, reason: "not all of it was taken")
    }

    private static func failure(_ code: Int32) -> any Error {
        code == EPIPE ? ReaderIsGone() : CommandFailure.unwritable(name, reason: SystemError.text(code))
    }
}

/// The errno value of a failed write.
struct DescriptorFault: Error {
    let code: Int32
}

/// Writes to file descriptors.
enum Descriptor {
    /// Writes all bytes, in as many calls as needed.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(DescriptorFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw DescriptorFault(code: errno)
            }
        }
    }
}
