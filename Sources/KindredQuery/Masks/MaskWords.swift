import KindredDomain
import KindredModel

/// The words of a mask: one for each block of 16 rows, in the order of the codes. Threads share them, each with a mask
/// of its own.
///
/// Immutable.
package final class MaskWords: @unchecked Sendable {
    /// Set bits.
    package let count: Int
    let blockCount: Int
    /// Valid while this object is held.
    let words: UnsafeMutablePointer<UInt16>

    /// Takes words that belong to nobody else.
    init(_ words: UnsafeMutablePointer<UInt16>, blockCount: Int, count: Int) {
        self.words = words
        self.blockCount = blockCount
        self.count = count
    }

    /// The rows whose bit is set, of the table that `codes` were made of.
    package convenience init(rows: Bitmap, codes: Int8Codes) {
        let making = MaskWordsMaking(rows: rows, codes: codes)
        _ = making.step(rowCount: .max)
        let (words, count) = making.takeWords()
        self.init(words, blockCount: codes.blockCount, count: count)
    }

    deinit { words.deallocate() }

    /// Bytes of memory.
    package var byteCount: Int { Self.byteCount(blockCount: blockCount) }

    /// Bytes of memory of a mask over so many blocks: the words, and what the heap adds to them and to the object.
    package static func byteCount(blockCount: Int) -> Int { blockCount * MemoryLayout<UInt16>.stride + 96 }
}
