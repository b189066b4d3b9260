import Glibc
import KindredChecksum
import KindredModel

/// A new file of a version: counts and checksums its bytes, becomes read-only when it is finished.
struct WritableFile: ~Copyable {
    let name: String
    private let path: String
    private let descriptor: Int32
    private var byteCount: UInt64 = 0
    private var checksum = CRC32C()

    /// Creates `directory/name`. Throws if it exists.
    init(directory: String, name: String) throws(PackFailure) {
        path = directory + "/" + name
        self.name = name
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw PackFailure.system(call: "create", path: path, code: errno) }
    }

    deinit { close(descriptor) }

    /// Appends bytes. Nothing is buffered, so callers pass large pieces.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(PackFailure) {
        checksum.update(bytes)
        byteCount += UInt64(bytes.count)
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw PackFailure.system(call: "write", path: path, code: errno)
            }
            done += count
        }
    }

    /// Appends the bytes of an array.
    mutating func write(_ bytes: [UInt8]) throws(PackFailure) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(PackFailure) in
            try write(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Appends zeros until the file has `offset` bytes, at least as many as now.
    mutating func pad(to offset: Int) throws(PackFailure) {
        try write([UInt8](repeating: 0, count: offset - Int(byteCount)))
    }

    /// Makes the file read-only and durable. Returns its entry for the manifest.
    consuming func finish() throws(PackFailure) -> Manifest.File {
        guard fchmod(descriptor, 0o444) == 0 else {
            throw PackFailure.system(call: "fchmod", path: path, code: errno)
        }
        guard fsync(descriptor) == 0 else {
            throw PackFailure.system(call: "fsync", path: path, code: errno)
        }
        return Manifest.File(name: name, byteCount: byteCount, crc32c: checksum.value)
    }
}
