import Glibc

extension MemoryRegion {
    /// The size from which on regions ask for huge pages. With small pages, a load spends most of its time on page
    /// faults. Loading threads fill these regions; an event loop never does, as clearing a huge page takes too long.
    private static let hugePagesByteCountMin = 4 << 20

    /// Zeroed memory for the content of a file. A failure names the file.
    package static func zeroed(byteCount: Int, for file: String) throws(FileFailure) -> MemoryRegion {
        try region(byteCount: byteCount, for: file) { () throws(MemoryFailure) in
            try MemoryRegion(byteCount: byteCount)
        }
    }

    /// The region that `make` returns, with huge pages if it is large. A failure names the file.
    package static func region(
        byteCount: Int, for file: String, _ make: () throws(MemoryFailure) -> MemoryRegion
    ) throws(FileFailure) -> MemoryRegion {
        do throws(MemoryFailure) {
            let region = try make()
            // Advice only: without huge pages the region has small ones.
            if byteCount >= hugePagesByteCountMin { madvise(region.baseAddress, byteCount, MADV_HUGEPAGE) }
            return region
        } catch {
            throw FileFailure(
                file: file, call: FileFailure.memoryField, code: error.code,
                wanted: "\(byteCount) bytes of memory")
        }
    }

    /// A copy of a range of a region's bytes. A failure names the file.
    package static func copy(
        of region: MemoryRegion, bytes range: Range<Int>, for file: String
    ) throws(FileFailure) -> MemoryRegion {
        let copy = try zeroed(byteCount: range.count, for: file)
        region.withBytes { source in
            copy.withMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range])) }
        }
        return copy
    }

    /// A copy of the elements of an array. A failure names the file.
    package static func copy<Element: BitwiseCopyable>(
        of elements: [Element], for file: String
    ) throws(FileFailure) -> MemoryRegion {
        let copy = try zeroed(byteCount: elements.count * MemoryLayout<Element>.stride, for: file)
        elements.withUnsafeBytes { source in copy.withMutableBytes { $0.copyMemory(from: source) } }
        return copy
    }
}
