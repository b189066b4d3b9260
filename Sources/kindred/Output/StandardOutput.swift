@preconcurrency import Glibc
import KindredModel
import KindredSystem

/// Standard output, and whether what was printed has got there.
enum StandardOutput {
    private static let name = "standard output"

    /// Nobody reads any more, as behind `| head`: the command ends without a word.
    struct ReaderIsGone: Error {}

    /// Writes at once, behind what was printed before.
    static func write(_ text: String) throws {
        try flush()
        do throws(DescriptorFault) {
            try Descriptor.write(Array(text.utf8), to: STDOUT_FILENO)
        } catch {
            throw failure(error.code)
        }
    }

    /// Writes what was printed and is kept back. Throws where some of it, now or earlier, could not be written.
    static func flush() throws {
        if fflush(stdout) != 0 { throw failure(errno) }
        guard ferror(stdout) != 0 else { return }
        // Written while it was printed, and what was wrong then is not known any more; but a pipe still says it.
        var state = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        if poll(&state, 1, 0) > 0, state.revents & Int16(POLLERR) != 0 { throw ReaderIsGone() }
        throw CommandFailure.unwritable(name, reason: "not all of it was taken")
    }

    private static func failure(_ code: Int32) -> any Error {
        code == EPIPE ? ReaderIsGone() : CommandFailure.unwritable(name, reason: SystemError.text(code))
    }
}
