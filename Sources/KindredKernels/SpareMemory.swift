import CKindredSystem
import Synchronization

/// Memory of regions that are gone, kept for regions to come.
///
/// New memory costs more than what is written to it: the system clears it, and beneath a hypervisor that takes back
/// what is free, the host has to find and clear it first (a second is enough: 64 MiB of it took 110 to 165 ms to touch,
/// where memory in use takes 5). A model that follows another of about its size needs none. Any thread may call.
package final class SpareMemory: Sendable {
    private struct Piece {
        let address: UInt
        let byteCount: Int
    }

    private let pieces = Mutex<[Piece]>([])

    package init() {}

    /// Bytes that wait.
    package var byteCount: Int { pieces.withLock { $0.reduce(0) { $0 + $1.byteCount } } }

    /// Keeps pages that nobody uses any more, their content still in them.
    func keep(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        let piece = Piece(address: UInt(bitPattern: address), byteCount: byteCount)
        pieces.withLock { $0.append(piece) }
    }

    /// Pages of `byteCount` bytes with any content, cut from or grown from the piece that is nearest in size, of half
    /// to twice as many bytes. Nil where there is none.
    func take(byteCount: Int) -> UnsafeMutableRawPointer? {
        let taken = pieces.withLock { pieces -> Piece? in
            let fitting = pieces.indices.filter {
                pieces[$0].byteCount / 2 <= byteCount && byteCount / 2 <= pieces[$0].byteCount
            }
            let nearest = fitting.min {
                abs(pieces[$0].byteCount - byteCount) < abs(pieces[$1].byteCount - byteCount)
            }
            return nearest.map { pieces.remove(at: $0) }
        }
        guard let taken, let address = UnsafeMutableRawPointer(bitPattern: taken.address) else { return nil }
        if taken.byteCount == byteCount { return address }
        guard let pages = kindred_resize_pages(address, taken.byteCount, byteCount) else {
            MemoryRegion.giveBack(address, byteCount: taken.byteCount)
            return nil
        }
        return pages
    }

    /// Gives everything back to the system.
    package func giveBack() {
        let given = pieces.withLock { pieces in
            defer { pieces = [] }
            return pieces
        }
        for piece in given {
            MemoryRegion.giveBack(
                UnsafeMutableRawPointer(bitPattern: piece.address)!, byteCount: piece.byteCount)
        }
    }

    deinit { giveBack() }
}
