import Glibc
import Synchronization

/// Memory of regions that are gone, kept for regions to come.
///
/// New memory costs more than what is written to it: the system clears it, and beneath a hypervisor that takes back
/// what is free, the host has to find and clear it first (a second is enough: 64 MiB of it took 110 to 165 ms to touch,
/// where memory in use takes 5). A model that follows another of about its size needs none. Any thread may call.
package final class SpareMemory: Sendable {
    /// Pages, of which the first `usedByteCount` bytes have been touched.
    struct Piece {
        let address: UInt
        let capacity: Int
        var usedByteCount: Int

        var pages: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: address)! }
    }

    /// Bytes of a huge page.
    package static let unit = 2 << 20

    private let pieces = Mutex<[Piece]>([])

    package init() {}

    /// Bytes that wait.
    package var byteCount: Int { pieces.withLock { $0.reduce(0) { $0 + $1.usedByteCount } } }

    /// Room for `byteCount` bytes and for an eighth more: a version is seldom the size of the one before, and room that
    /// nobody touches is no memory. Pieces are not grown by moving them, which splits their huge pages.
    static func capacity(for byteCount: Int) -> Int {
        (byteCount + byteCount / 8 + unit - 1) / unit * unit
    }

    /// Keeps pages that nobody uses any more, their content still in them.
    func keep(_ piece: Piece) { pieces.withLock { $0.append(piece) } }

    /// Pages with room for `byteCount` bytes and any content, from the piece that is nearest in size, of half to twice
    /// as many bytes. What the piece has beyond them goes back to the system. Nil where there is none.
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
        // Whole huge pages, so that none is split.
        let kept = (byteCount + Self.unit - 1) / Self.unit * Self.unit
        if piece.usedByteCount > kept {
            madvise(piece.pages + kept, piece.usedByteCount - kept, MADV_DONTNEED)
            piece.usedByteCount = kept
        }
        return piece
    }

    /// Gives everything back to the system.
    package func giveBack() {
        let given = pieces.withLock { pieces in
            defer { pieces = [] }
            return pieces
        }
        for piece in given { MemoryRegion.giveBack(piece.pages, byteCount: piece.capacity) }
    }

    deinit { giveBack() }
}
