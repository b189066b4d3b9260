import KindredChecksum
import KindredSystem
import Synchronization

extension ReadableFile {
    /// Bytes read and checksummed at a time: they are still in the cache when the checksum runs.
    private static let chunkByteCount = 1 << 20
    /// Bytes that one thread reads in a row: two huge pages, so that two threads seldom want the same one made.
    private static let partByteCount = 4 << 20

    /// The whole file in memory of its own, and its CRC32C.
    package func readAll(
        with means: LoadResources = .plain
    ) throws(FileFailure) -> (MemoryRegion, UInt32) {
        let region = try means.region(byteCount: byteCount, for: name)
        let checksum = try checksum(with: means) { (part, range) throws(FileFailure) in
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
        with means: LoadResources = .plain
    ) throws(FileFailure) -> (MemoryRegion, UInt32) {
        let region = try map()
        let checksum = try checksum(with: means) { (part, range) throws(FileFailure) in
            part.update(UnsafeRawBufferPointer(rebasing: region.bytes[range]))
        }
        return (region, checksum.value)
    }

    /// The checksum of the file from those of its parts, which `add` finds.
    private func checksum(
        with means: LoadResources, add: @Sendable (inout CRC32C, Range<Int>) throws(FileFailure) -> Void
    ) throws(FileFailure) -> CRC32C {
        let parts = Mutex<[(range: Range<Int>, checksum: CRC32C)]>([])
        try means.threads.run(byteCount, inPartsOf: Self.partByteCount) {
            (range) throws(FileFailure) in
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
    package func checksum(with means: LoadResources = .plain) throws(FileFailure) -> UInt32 {
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
}
