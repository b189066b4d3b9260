import Glibc

extension MemoryRegion {
    /// Regions of at least this size ask for huge pages: most of a load's time is otherwise spent on page faults.
    /// They are filled by the thread that loads, never by an event loop, which has no time to clear one.
    private static let hugePagesByteCountMin = 4 << 20

    /// Zeroed memory for the content of a file; the failure names the file.
    package static func zeroed(byteCount: Int, for file: String) throws(FileFailure) -> MemoryRegion {
        try region(byteCount: byteCount, for: file) { () throws(MemoryFailure) in
            try MemoryRegion(byteCount: byteCount)
        }
    }

    /// Memory that `make` makes for the content of a file, in huge pages where it is large.
    package static func region(
        byteCount: Int, for file: String, _ make: () throws(MemoryFailure) -> MemoryRegion
    ) throws(FileFailure) -> MemoryRegion {
        do throws(MemoryFailure) {
            let region = try make()
            // Advice only: a system without huge pages has small ones.
            if byteCount >= hugePagesByteCountMin { madvise(region.baseAddress, byteCount, MADV_HUGEPAGE) }
            return region
        } catch {
            throw FileFailure(
                file: file, call: FileFailure.memoryField, code: error.code,
                wanted: "\(byteCount) bytes of memory")
        }
    }

    /// Memory with the given content; the failure names the file.
    package static func copy(
        of bytes: UnsafeRawBufferPointer, for file: String
    ) throws(FileFailure) -> MemoryRegion {
        let region = try zeroed(byteCount: bytes.count, for: file)
        region.mutableBytes.copyMemory(from: bytes)
        return region
    }

    /// Memory with the elements of an array; the failure names the file.
    package static func copy<Element: BitwiseCopyable>(
        of elements: [Element], for file: String
    ) throws(FileFailure) -> MemoryRegion {
        let region = try zeroed(byteCount: elements.count * MemoryLayout<Element>.stride, for: file)
        elements.withUnsafeBytes { region.mutableBytes.copyMemory(from: $0) }
        return region
    }
}
