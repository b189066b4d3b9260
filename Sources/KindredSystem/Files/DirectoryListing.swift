import Glibc
import KindredDomain

/// The names in a folder.
package enum DirectoryListing {
    /// All names except `.` and `..`, in no order. Leaves out names that are not UTF-8, since no model has such a name.
    /// Throws if the folder cannot be read or has more than `Limits.folderEntriesMax` entries.
    package static func names(in path: String) throws(FileFailure) -> [String] {
        guard let stream = opendir(path) else {
            throw FileFailure(file: path, call: "open", code: errno, wanted: "a readable folder")
        }
        defer { closedir(stream) }
        var names: [String] = []
        var count = -2
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let code = errno
                if code == 0 { return names }
                throw FileFailure(file: path, call: "read", code: code, wanted: "a readable folder")
            }
            count += 1
            guard count <= Limits.folderEntriesMax else {
                throw FileFailure(
                    file: path, field: "number of entries", found: "more than \(Limits.folderEntriesMax)",
                    wanted: "at most so many")
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
    }

    /// Whether the path is a folder or a symbolic link to one. With `orForbidden`, also if access is denied.
    package static func isDirectory(_ path: String, orForbidden: Bool = false) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return orForbidden && errno == EACCES }
        return status.st_mode & S_IFMT == S_IFDIR
    }
}
