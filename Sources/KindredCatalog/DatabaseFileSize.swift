import Glibc

/// An SQLite file's size beside the size of its pages.
///
/// SQLite reads the missing end of a last page as zeros, without a word: values would silently be others.
struct DatabaseFileSize {
    let byteCount: Int
    let pageByteCount: Int

    /// Whether the file has whole pages only.
    var isWhole: Bool { byteCount % pageByteCount == 0 }

    /// Nil for a file that is absent, empty, or too short to say its page size: SQLite judges those itself.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        // Bytes 16 and 17 of the file: the page size, big-endian; 1 means 65,536.
        var size: [UInt8] = [0, 0]
        guard fstat(descriptor, &status) == 0, pread(descriptor, &size, 2, 16) == 2 else { return nil }
        let stored = Int(size[0]) << 8 | Int(size[1])
        byteCount = Int(status.st_size)
        pageByteCount = stored == 1 ? 65_536 : stored
        guard pageByteCount >= 512 else { return nil }
    }
}
