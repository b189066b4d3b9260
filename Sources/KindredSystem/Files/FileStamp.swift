import Glibc

/// What a file or folder looks like from outside. Equal stamps: neither its content nor its permissions were touched in
/// between.
package struct FileStamp: Sendable, Hashable {
    private let mode: UInt32
    private let byteCount: Int64
    private let inode: UInt64
    /// When the content changed last, and when that or permissions, owner or name did.
    private let modified: Time
    private let changed: Time

    private struct Time: Sendable, Hashable {
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// The stamp of what lies at `path`, a symbolic link not followed; nil where the system tells nothing.
    package init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        mode = UInt32(status.st_mode)
        byteCount = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
    }
}
