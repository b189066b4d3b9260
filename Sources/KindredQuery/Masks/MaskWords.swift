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

    /// A set that has fewer rows than one in so many is written row by row, any other read position by position.
    private static let rowsPerWrittenRow = 2

    /// The rows whose bit is set, of the table that `codes` were made of.
    package init(rows: Bitmap, codes: Int8Codes) {
        precondition(rows.count == codes.rowCount)
        blockCount = codes.blockCount
        words = .allocate(capacity: blockCount)
        count = rows.population
        if count < rows.count / Self.rowsPerWrittenRow {
            Self.scatter(rows, codes: codes, into: words)
        } else {
            Self.gather(rows, codes: codes, into: words)
        }
    }

    /// The bits that both have.
    init(_ left: UnsafePointer<UInt16>, and right: UnsafePointer<UInt16>, blockCount: Int) {
        self.blockCount = blockCount
        words = .allocate(capacity: blockCount)
        var count = 0
        for block in 0..<blockCount {
            let both = left[block] & right[block]
            (words + block).initialize(to: both)
            count += both.nonzeroBitCount
        }
        self.count = count
    }

    deinit { words.deallocate() }

    /// Bytes of memory.
    package var byteCount: Int { Self.byteCount(blockCount: blockCount) }

    /// Bytes of memory of a mask over so many blocks: the words, and what the heap adds to them and to the object.
    package static func byteCount(blockCount: Int) -> Int { blockCount * MemoryLayout<UInt16>.stride + 96 }

    /// Sets the bit of each row.
    private static func scatter(_ rows: Bitmap, codes: Int8Codes, into words: UnsafeMutablePointer<UInt16>) {
        words.initialize(repeating: 0, count: codes.blockCount)
        rows.words.withUnsafeBufferPointer { bits in
            for index in bits.indices {
                var word = bits[index]
                while word != 0 {
                    let position = Int(codes.positions[index << 6 + word.trailingZeroBitCount])
                    words[position >> 4] |= 1 << UInt16(position & 15)
                    word &= word - 1
                }
            }
        }
    }

    /// Looks up the bit of each position's row.
    private static func gather(_ rows: Bitmap, codes: Int8Codes, into words: UnsafeMutablePointer<UInt16>) {
        rows.words.withUnsafeBufferPointer { bits in
            guard let bits = bits.baseAddress else { return }
            let whole = codes.rowCount >> 4
            for block in 0..<whole {
                var word: UInt64 = 0
                let rows = codes.rows + block << 4
                for place in 0..<16 {
                    let row = Int(truncatingIfNeeded: rows[place])
                    word |= (bits[row &>> 6] &>> UInt64(truncatingIfNeeded: row & 63) & 1) &<< UInt64(place)
                }
                (words + block).initialize(to: UInt16(truncatingIfNeeded: word))
            }
            guard whole < codes.blockCount else { return }
            var word: UInt16 = 0
            for position in whole << 4..<codes.rowCount where rows[Int(codes.rows[position])] {
                word |= 1 << UInt16(position & 15)
            }
            (words + whole).initialize(to: word)
        }
    }
}
