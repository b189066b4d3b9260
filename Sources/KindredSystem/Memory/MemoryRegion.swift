import Glibc
import Synchronization

/// Memory for large columns: anonymous pages or a mapped file, outside the heap, given back whole with the last
/// reference.
///
/// One thread, or several in parts, fill a region; from then on it is immutable and any thread may read it. A pointer
/// into a region does not keep it alive. Use `withBytes` or `withMutableBytes` for the length of a call, and store a
/// `RegionColumn` rather than a pointer. Whoever uses `bytes` must hold the region meanwhile.
package final class MemoryRegion: @unchecked Sendable {
    /// Page-aligned; nil when `byteCount` is 0.
    package let baseAddress: UnsafeMutableRawPointer?
    package let byteCount: Int
    /// Bytes that have never been touched: the system provides their pages at the first access.
    package let newBytes: Range<Int>
    /// The cache that gets the pages when the region ends, and their capacity in bytes; nil for the system.
    private let spare: (memory: SpareMemory, capacity: Int)?

    /// Anonymous zeroed memory. Throws where the system refuses.
    package init(byteCount: Int) throws(MemoryFailure) {
        self.byteCount = byteCount
        spare = nil
        newBytes = 0..<byteCount
        baseAddress = byteCount > 0 ? try Self.pages(byteCount: byteCount) : nil
    }

    /// Anonymous memory with undefined content. The pages come from `spare` if it has a fitting piece, and go to it
    /// when the region ends. Throws where the system refuses.
    package init(uninitialised byteCount: Int, from spare: SpareMemory) throws(MemoryFailure) {
        self.byteCount = byteCount
        guard byteCount >= Self.deferredByteCountMin else {
            self.spare = nil
            newBytes = 0..<byteCount
            baseAddress = byteCount > 0 ? try Self.pages(byteCount: byteCount) : nil
            return
        }
        if let piece = spare.take(byteCount: byteCount) {
            self.spare = (spare, piece.capacity)
            newBytes = min(piece.usedByteCount, byteCount)..<byteCount
            baseAddress = piece.pages
        } else {
            let capacity = SpareMemory.capacity(for: byteCount)
            self.spare = (spare, capacity)
            newBytes = 0..<byteCount
            baseAddress = try Self.pages(byteCount: capacity)
        }
    }

    private static func pages(byteCount: Int) throws(MemoryFailure) -> UnsafeMutableRawPointer {
        let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { throw MemoryFailure(byteCount: byteCount, code: errno) }
        return pages
    }

    /// A whole file, mapped for reading.
    package init(mapping descriptor: Int32, byteCount: Int) throws(MemoryFailure) {
        self.byteCount = byteCount
        spare = nil
        newBytes = 0..<0
        guard byteCount > 0 else {
            baseAddress = nil
            return
        }
        let pages = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let pages, pages != MAP_FAILED else { throw MemoryFailure(byteCount: byteCount, code: errno) }
        baseAddress = pages
    }

    /// The size from which on regions are unmapped by the scheduler of `unmapLargeRegions(through:)`.
    private static let deferredByteCountMin = 256 << 10

    private static let reclaimer = Mutex<(@Sendable (@escaping @Sendable () -> Void) -> Void)?>(nil)

    /// Unmaps large regions through `schedule` from now on. Unmapping takes milliseconds, and the last reference may
    /// go away on an event loop, which must not wait that long. Without a scheduler, pages are unmapped at once.
    package static func unmapLargeRegions(
        through schedule: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        reclaimer.withLock { $0 = schedule }
    }

    deinit {
        guard let baseAddress else { return }
        if let spare {
            spare.memory.keep(
                SpareMemory.Piece(
                    address: UInt(bitPattern: baseAddress), capacity: spare.capacity, usedByteCount: byteCount
                ))
        } else {
            Self.unmap(baseAddress, byteCount: byteCount)
        }
    }

    /// Unmaps pages; large ones through the scheduler of `unmapLargeRegions(through:)`.
    static func unmap(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        guard byteCount >= deferredByteCountMin, let schedule = reclaimer.withLock({ $0 }) else {
            munmap(address, byteCount)
            return
        }
        let address = UInt(bitPattern: address)
        schedule { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
    }

    /// Calls `body` with all bytes; the pointer is valid until it returns.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// Calls `body` with all bytes, to be filled; the pointer is valid until it returns. Not for a mapped file.
    package func withMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(mutableBytes)
    }

    /// Calls `body` with all bytes as elements, to be filled; the pointer is valid until it returns.
    package func withMutableElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type, _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withMutableBytes { (bytes) throws(Failure) in try body(bytes.bindMemory(to: type)) }
    }

    /// All bytes, for an owner that stores this region beside the pointer.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: baseAddress, count: byteCount) }

    /// All bytes, to be filled, for an owner that stores this region beside the pointer. Not for a mapped file.
    package var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: baseAddress, count: byteCount)
    }
}

/// The system refused memory.
package struct MemoryFailure: Error, Sendable, CustomStringConvertible {
    package let byteCount: Int
    package let code: Int32

    package var description: String { "no memory for \(byteCount) bytes: \(SystemError.text(code))" }
}
