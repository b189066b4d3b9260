import Glibc

/// Size, times and permissions of a file or folder. If two stamps are equal, neither content nor permissions have
/// changed in between.
package struct FileStamp: Sendable, Hashable {
    private let mode: UInt32
    private let byteCount: Int64
    private let inode: UInt64
    /// The last change of the content (mtime), and the last change of content, permissions, owner or name (ctime).
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

    /// The stamp of the entry at `path`; a symbolic link is not followed. Nil if it is absent or access is denied;
    /// `errno` tells which.
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
