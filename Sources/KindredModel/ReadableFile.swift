import Glibc
import KindredChecksum
import KindredKernels
import Synchronization

/// A regular file, open for reading; closed when the value ends.
///
/// A symbolic link, a folder, a pipe or a device is refused: only bytes that lie there are ever read.
package struct ReadableFile: ~Copyable, Sendable {
    /// What failures call it.
    package let name: String
    package let byteCount: Int
    private let descriptor: Int32

    /// Bytes read and checksummed at a time: they are still in the cache when the checksum runs.
    private static let chunkByteCount = 1 << 20
    /// Bytes that one thread reads in a row: two huge pages, so that two threads seldom want the same one made.
    private static let partByteCount = 4 << 20

    /// Opens `path`. Throws when it is absent, unreadable or no regular file.
    package init(path: String, name: String, followsLinks: Bool = false) throws(ModelFileFailure) {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else {
            throw ModelFileFailure(file: name, call: "open", code: errno, wanted: "a readable regular file")
        }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            if code != 0 {
                throw ModelFileFailure(file: name, call: "fstat", code: code, wanted: "a regular file")
            }
            throw ModelFileFailure(
                file: name, field: "type", found: "mode 0\(String(status.st_mode, radix: 8))",
                wanted: "a regular file")
        }
        self.name = name
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `target` with the bytes from `offset` on. Throws where the file ends before.
    package func read(
        into target: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(ModelFileFailure) {
        var done = 0
        while done < target.count {
            let count = pread(
                descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw ModelFileFailure(file: name, call: "read", code: errno, wanted: "\(target.count) bytes")
            }
            guard count > 0 else {
                throw ModelFileFailure(
                    file: name, field: "byte count", found: "\(offset + done) or fewer",
                    wanted: "at least \(offset + target.count)")
            }
            done += count
        }
    }

    /// `count` bytes from `offset` on, as an array.
    package func bytes(at offset: Int, count: Int) throws(ModelFileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var result: Result<Void, ModelFileFailure> = .success(())
        bytes.withUnsafeMutableBytes { target in
            do throws(ModelFileFailure) { try read(into: target, at: offset) } catch {
                result = .failure(error)
            }
        }
        try result.get()
        return bytes
    }

    /// The whole file in memory of its own, and its CRC32C.
    package func readAll(
        with means: LoadingMeans = .plain
    ) throws(ModelFileFailure) -> (MemoryRegion, UInt32) {
        let region = try means.region(byteCount: byteCount, for: name)
        let checksum = try checksum(with: means) { (part, range) throws(ModelFileFailure) in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let end = min(offset + Self.chunkByteCount, range.upperBound)
                let chunk = UnsafeMutableRawBufferPointer(rebasing: region.mutableBytes[offset..<end])
                try read(into: chunk, at: offset)
                part.update(UnsafeRawBufferPointer(chunk))
                offset = end
            }
        }
        return (region, checksum.value)
    }

    /// The whole file, mapped, and its CRC32C. Whoever cuts the file later kills the process that reads it.
    package func mapAll(
        with means: LoadingMeans = .plain
    ) throws(ModelFileFailure) -> (MemoryRegion, UInt32) {
        let region: MemoryRegion
        do throws(MemoryFailure) {
            region = try MemoryRegion(mapping: descriptor, byteCount: byteCount)
        } catch {
            throw ModelFileFailure(
                file: name, call: "mmap", code: error.code, wanted: "\(byteCount) bytes mapped")
        }
        let checksum = try checksum(with: means) { (part, range) throws(ModelFileFailure) in
            part.update(UnsafeRawBufferPointer(rebasing: region.bytes[range]))
        }
        return (region, checksum.value)
    }

    /// The checksum of the file from those of its parts, which `add` finds.
    private func checksum(
        with means: LoadingMeans, add: @Sendable (inout CRC32C, Range<Int>) throws(ModelFileFailure) -> Void
    ) throws(ModelFileFailure) -> CRC32C {
        let parts = Mutex<[(range: Range<Int>, checksum: CRC32C)]>([])
        try means.threads.run(byteCount, inPartsOf: Self.partByteCount) {
            (range) throws(ModelFileFailure) in
            var checksum = CRC32C()
            try add(&checksum, range)
            parts.withLock { $0.append((range, checksum)) }
        }
        var whole = CRC32C()
        for (range, checksum) in parts.withLock({ $0.sorted { $0.range.lowerBound < $1.range.lowerBound } }) {
            whole.append(checksum, byteCount: range.count)
        }
        return whole
    }

    /// The file's CRC32C, read through a small buffer.
    package func checksum(with means: LoadingMeans = .plain) throws(ModelFileFailure) -> UInt32 {
        let buffer = try MemoryRegion.zeroed(
            byteCount: min(Self.chunkByteCount, byteCount), for: name)
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime(buffer) {} }
        var checksum = CRC32C()
        var offset = 0
        while offset < byteCount {
            try means.threads.checkCancellation()
            let count = min(Self.chunkByteCount, byteCount - offset)
            let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[0..<count])
            try read(into: chunk, at: offset)
            checksum.update(UnsafeRawBufferPointer(chunk))
            offset += count
        }
        return checksum.value
    }

    /// `count` bytes from `offset` on, in memory of their own.
    package func region(at offset: Int, count: Int) throws(ModelFileFailure) -> MemoryRegion {
        let region = try MemoryRegion.zeroed(byteCount: count, for: name)
        try read(into: region.mutableBytes, at: offset)
        return region
    }
}
