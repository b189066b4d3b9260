import Glibc
import Synchronization

/// A cache of the pages of ended regions, for the next regions of about the same size.
///
/// New pages are slow: the system clears them, and a hypervisor that took free memory back has to provide it again
/// first. A model version that follows one of about its size needs no new pages. Any thread may call.
package final class SpareMemory: Sendable {
    /// Mapped pages with room for `capacity` bytes. The first `usedByteCount` bytes have been touched, so they have
    /// memory behind them; the rest is address space only.
    struct Piece {
        let address: UInt
        let capacity: Int
        var usedByteCount: Int

        var pages: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: address)! }
    }

    /// Bytes of a huge page. Pieces are multiples of it.
    package static let unit = 2 << 20

    private let pieces = Mutex<[Piece]>([])

    package init() {}

    /// Touched bytes of all pieces in the cache.
    package var byteCount: Int { pieces.withLock { $0.reduce(0) { $0 + $1.usedByteCount } } }

    /// The capacity of a piece for `byteCount` bytes: an eighth more, in whole huge pages. The next version is seldom
    /// of exactly this size, and untouched address space takes no memory. A piece is never grown by moving
    /// it, since that splits its huge pages.
    static func capacity(for byteCount: Int) -> Int {
        (byteCount + byteCount / 8 + unit - 1) / unit * unit
    }

    /// Puts pages of an ended region into the cache. Their content stays.
    func keep(_ piece: Piece) { pieces.withLock { $0.append(piece) } }

    /// Takes the piece that is nearest in size to `byteCount`, between half and twice as large and with enough
    /// capacity; nil if there is none. Its content is undefined. Touched bytes beyond `byteCount` go back to the
    /// system.
    func take(byteCount: Int) -> Piece? {
        let taken = pieces.withLock { pieces -> Piece? in
            let fitting = pieces.indices.filter {
                pieces[$0].capacity >= byteCount && pieces[$0].usedByteCount / 2 <= byteCount
                    && byteCount / 2 <= pieces[$0].usedByteCount
            }
            let nearest = fitting.min {
                abs(pieces[$0].usedByteCount - byteCount) < abs(pieces[$1].usedByteCount - byteCount)
            }
            return nearest.map { pieces.remove(at: $0) }
        }
        guard var piece = taken else { return nil }
        // Cuts at a huge page, so that none is split.
        let kept = (byteCount + Self.unit - 1) / Self.unit * Self.unit
        if piece.usedByteCount > kept {
            madvise(piece.pages + kept, piece.usedByteCount - kept, MADV_DONTNEED)
            piece.usedByteCount = kept
        }
        return piece
    }

    /// Empties the cache: all pages go back to the system.
    package func giveBack() {
        let given = pieces.withLock { pieces in
            defer { pieces = [] }
            return pieces
        }
        for piece in given { MemoryRegion.unmap(piece.pages, byteCount: piece.capacity) }
    }

    deinit { giveBack() }
}
