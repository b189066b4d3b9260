import Glibc

/// A regular file, open for reading. Closes when the value ends.
///
/// Folders, pipes and devices are refused, so that reading ends; symbolic links are refused unless the caller allows
/// them.
package struct ReadableFile: ~Copyable, Sendable {
    /// The name of the file in failures.
    package let name: String
    /// Bytes at the time of opening.
    package let byteCount: Int
    private let descriptor: Int32

    /// Opens `path`. Throws if it is absent, unreadable or no regular file, or a symbolic link and not `followsLinks`.
    package init(path: String, name: String, followsLinks: Bool = false) throws(FileFailure) {
        // Without O_NONBLOCK, opening a pipe waits for a writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else {
            throw FileFailure(file: name, call: "open", code: errno, wanted: "a readable regular file")
        }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            if code != 0 {
                throw FileFailure(file: name, call: "fstat", code: code, wanted: "a regular file")
            }
            throw FileFailure(
                file: name, field: "type", found: "mode 0\(String(status.st_mode, radix: 8))",
                wanted: "a regular file")
        }
        self.name = name
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `target` with the bytes from `offset` on. Throws if the file ends before that.
    package func read(
        into target: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileFailure) {
        var done = 0
        while done < target.count {
            let count = pread(
                descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(file: name, call: "read", code: errno, wanted: "\(target.count) bytes")
            }
            guard count > 0 else {
                throw FileFailure(
                    file: name, field: "byte count", found: "\(offset + done) or fewer",
                    wanted: "at least \(offset + target.count)")
            }
            done += count
        }
    }

    /// Reads `count` bytes from `offset` on into an array.
    package func bytes(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { (target) throws(FileFailure) in
            try read(into: UnsafeMutableRawBufferPointer(target), at: offset)
        }
        return bytes
    }

    /// Maps the whole file for reading. Cutting the file later kills the process that reads it (SIGBUS).
    package func map() throws(FileFailure) -> MemoryRegion {
        do throws(MemoryFailure) {
            return try MemoryRegion(mapping: descriptor, byteCount: byteCount)
        } catch {
            throw FileFailure(
                file: name, call: "mmap", code: error.code, wanted: "\(byteCount) bytes mapped")
        }
    }

    /// Reads `count` bytes from `offset` on into a region of their own.
    package func region(at offset: Int, count: Int) throws(FileFailure) -> MemoryRegion {
        let region = try MemoryRegion.zeroed(byteCount: count, for: name)
        try region.withMutableBytes { (bytes) throws(FileFailure) in try read(into: bytes, at: offset) }
        return region
    }
}
