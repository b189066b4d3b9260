import Glibc
import Synchronization

/// Memory for a model's columns: anonymous pages or a mapped file, outside the heap, given back whole.
///
/// Filled by its creator, then immutable and shared between threads.
package final class MemoryRegion: @unchecked Sendable {
    /// Page-aligned; nil when `byteCount` is 0.
    package let baseAddress: UnsafeMutableRawPointer?
    package let byteCount: Int
    /// Bytes whose pages the system still has to make, as they are touched for the first time.
    package let newBytes: Range<Int>
    /// Where its pages go when it ends, and bytes that there is room for in them; nil for the system.
    private let spare: (memory: SpareMemory, capacity: Int)?

    /// Anonymous zeroed memory. Throws the errno value where the system has none.
    package init(byteCount: Int) throws(MemoryFailure) {
        self.byteCount = byteCount
        spare = nil
        newBytes = 0..<byteCount
        baseAddress = byteCount > 0 ? try Self.pages(byteCount: byteCount) : nil
    }

    /// Anonymous memory with any content, from `spare` where that has some, and given to it in the end. Throws the
    /// errno value where the system has none.
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

    /// Regions of at least this size are given back where `giveBack(through:)` says.
    private static let deferredByteCountMin = 256 << 10

    private static let reclaimer = Mutex<(@Sendable (@escaping @Sendable () -> Void) -> Void)?>(nil)

    /// Has the pages of large regions given back by `schedule`, whoever lets go of them last: that takes
    /// milliseconds, which an event loop does not have. Without it they are given back at once.
    package static func giveBack(
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
            Self.giveBack(baseAddress, byteCount: byteCount)
        }
    }

    /// Gives pages back to the system, large ones where `giveBack(through:)` says.
    static func giveBack(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        guard byteCount >= deferredByteCountMin, let schedule = reclaimer.withLock({ $0 }) else {
            munmap(address, byteCount)
            return
        }
        let address = UInt(bitPattern: address)
        schedule { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
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

    package var description: String { "no memory for \(byteCount) bytes: \(SystemError.text(code))" }
}
