import KindredChecksum
import KindredSystem
import Synchronization

extension ReadableFile {
    /// Bytes that are read at a time, few enough to be in the cache when they are checksummed.
    private static let chunkByteCount = 1 << 20
    /// Bytes of one part of the work, which one thread reads at a time: two huge pages, so that two threads seldom
    /// fault in the same page.
    private static let partByteCount = 4 << 20

    /// Reads the whole file into memory, `shift` bytes behind the begin of the region. Returns the region and the
    /// file's CRC-32C. A shift aligns elements that the file has at an odd offset.
    package func readAll(
        with resources: LoadResources = .plain, shiftedBy shift: Int = 0
    ) throws(FileFailure) -> (MemoryRegion, UInt32) {
        let region = try resources.region(byteCount: shift + byteCount, for: name)
        let checksum = try checksum(with: resources) { (checksum, part) throws(FileFailure) in
            try region.withMutableBytes { (bytes) throws(FileFailure) in
                for offset in stride(from: part.lowerBound, to: part.upperBound, by: Self.chunkByteCount) {
                    let end = min(offset + Self.chunkByteCount, part.upperBound)
                    let chunk = UnsafeMutableRawBufferPointer(rebasing: bytes[shift + offset..<shift + end])
                    try read(into: chunk, at: offset)
                    checksum.update(UnsafeRawBufferPointer(chunk))
                }
            }
        }
        return (region, checksum.value)
    }

    /// Maps the whole file. Returns the mapping and the file's CRC-32C. Cutting the file later kills the process that
    /// reads it (SIGBUS).
    package func mapAll(
        with resources: LoadResources = .plain
    ) throws(FileFailure) -> (MemoryRegion, UInt32) {
        let region = try map()
        let checksum = try checksum(with: resources) { (checksum, part) throws(FileFailure) in
            region.withBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[part])) }
        }
        return (region, checksum.value)
    }

    /// The checksum of the whole file, from the checksums of parts, which `add` computes on several threads.
    private func checksum(
        with resources: LoadResources, add: @Sendable (inout CRC32C, Range<Int>) throws(FileFailure) -> Void
    ) throws(FileFailure) -> CRC32C {
        let parts = Mutex<[(range: Range<Int>, checksum: CRC32C)]>([])
        try resources.threads.run(byteCount, inPartsOf: Self.partByteCount) {
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

    /// The file's CRC-32C, read through a small buffer.
    package func checksum(with resources: LoadResources = .plain) throws(FileFailure) -> UInt32 {
        let buffer = try MemoryRegion.zeroed(
            byteCount: min(Self.chunkByteCount, byteCount), for: name)
        var checksum = CRC32C()
        try buffer.withMutableBytes { (bytes) throws(FileFailure) in
            for offset in stride(from: 0, to: byteCount, by: Self.chunkByteCount) {
                try resources.threads.checkCancellation()
                let chunk = UnsafeMutableRawBufferPointer(
                    rebasing: bytes[0..<min(Self.chunkByteCount, byteCount - offset)])
                try read(into: chunk, at: offset)
                checksum.update(UnsafeRawBufferPointer(chunk))
            }
        }
        return checksum.value
    }
}
