import Glibc

/// Memory for a model's columns: anonymous pages or a mapped file, outside the heap, given back whole.
///
/// Filled by its creator, then immutable and shared between threads.
package final class MemoryRegion: @unchecked Sendable {
    /// Page-aligned; nil when `byteCount` is 0.
    package let baseAddress: UnsafeMutableRawPointer?
    package let byteCount: Int

    /// Anonymous zeroed memory. Throws the errno value where the system has none.
    package init(byteCount: Int) throws(MemoryFailure) {
        self.byteCount = byteCount
        guard byteCount > 0 else {
            baseAddress = nil
            return
        }
        let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { throw MemoryFailure(byteCount: byteCount, code: errno) }
        baseAddress = pages
    }

    /// A whole file, mapped for reading.
    package init(mapping descriptor: Int32, byteCount: Int) throws(MemoryFailure) {
        self.byteCount = byteCount
        guard byteCount > 0 else {
            baseAddress = nil
            return
        }
        let pages = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let pages, pages != MAP_FAILED else { throw MemoryFailure(byteCount: byteCount, code: errno) }
        baseAddress = pages
    }

    deinit {
        if let baseAddress { munmap(baseAddress, byteCount) }
    }

    /// All bytes.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: baseAddress, count: byteCount) }

    /// All bytes, for the creator to fill. Not for a mapped file.
    package var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: baseAddress, count: byteCount)
    }
}

/// The system refused memory.
package struct MemoryFailure: Error, Sendable, CustomStringConvertible {
    package let byteCount: Int
    package let code: Int32

    package var description: String { "no memory for \(byteCount) bytes: \(String(cString: strerror(code)))" }
}
