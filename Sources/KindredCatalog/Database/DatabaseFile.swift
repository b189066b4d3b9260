import Glibc

/// Looks at an SQLite file before SQLite opens it.
package struct DatabaseFile {
    /// The content of a path.
    package enum Content: Equatable {
        /// Nothing that can be opened. `code`: the system's error.
        case absent(code: Int32)
        /// `pageByteCount` is nil for a file that does not begin as SQLite's do: SQLite judges that itself.
        case file(byteCount: Int, pageByteCount: Int?)
        /// A pipe, a folder or a device, in words: opening or reading it may wait for ever.
        case other(String)
    }

    /// The suffixes of the files that SQLite opens with a database.
    private static let companionSuffixes = ["-journal", "-wal", "-shm"]

    private static let start = Array("SQLite format 3\0".utf8)

    /// Looks at a path without blocking.
    package static func look(at path: String) -> Content {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            return kind(of: path).map(Content.other) ?? .absent(code: code)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .absent(code: errno) }
        guard let kind = kind(of: status.st_mode) else {
            // Bytes 16 and 17 of the file: the page size, big-endian; 1 means 65,536.
            var header = [UInt8](repeating: 0, count: start.count + 2)
            let isDatabase =
                pread(descriptor, &header, header.count, 0) == header.count && header.starts(with: start)
            let stored = Int(header[16]) << 8 | Int(header[17])
            let pageByteCount = stored == 1 ? 65_536 : stored
            return .file(
                byteCount: Int(status.st_size),
                pageByteCount: isDatabase && pageByteCount >= 512 ? pageByteCount : nil)
        }
        return .other(kind)
    }

    /// The first of the files beside a database that is no regular file, and its kind in words. SQLite would open it.
    package static func irregularCompanion(of path: String) -> (path: String, found: String)? {
        for suffix in companionSuffixes {
            if let kind = kind(of: path + suffix) { return (path + suffix, kind) }
        }
        return nil
    }

    /// Bytes of a database and of its write-ahead log.
    static func byteCountWithLog(_ byteCount: Int, path: String) -> Int {
        var status = stat()
        return stat(path + "-wal", &status) == 0 ? byteCount + Int(status.st_size) : byteCount
    }

    /// The kind of an entry in words; nil for a regular file and for none.
    private static func kind(of path: String) -> String? {
        var status = stat()
        return stat(path, &status) == 0 ? kind(of: status.st_mode) : nil
    }

    private static func kind(of mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}
