import KindredDomain
import KindredModel

/// Makes the words of a mask from a bit for each row, in steps: at a million rows it takes longer than a slice.
final class MaskWordsMaking {
    /// A set that has fewer rows than one in so many is written row by row, any other read position by position.
    private static let rowsPerWrittenRow = 2

    private let rows: Bitmap
    private let codes: Int8Codes
    private let count: Int
    private let isScattered: Bool
    /// Nil once they are taken.
    private var words: UnsafeMutablePointer<UInt16>?
    /// Words of the bits that are written, or blocks that are read.
    private var next = 0

    /// The rows whose bit is set, of the table that `codes` were made of.
    init(rows: Bitmap, codes: Int8Codes) {
        precondition(rows.count == codes.rowCount)
        self.rows = rows
        self.codes = codes
        count = rows.population
        isScattered = count < rows.count / Self.rowsPerWrittenRow
        words = .allocate(capacity: codes.blockCount)
        words?.initialize(repeating: 0, count: codes.blockCount)
    }

    deinit { words?.deallocate() }

    /// Goes on for about `rowCount` rows. True once the words are made.
    func step(rowCount: Int) -> Bool {
        guard let words else { return true }
        let rowsPerPart = isScattered ? 64 : 16
        let partCount = isScattered ? rows.words.count : codes.blockCount
        let end = next + min(partCount - next, max(1, rowCount / rowsPerPart))
        if isScattered { scatter(next..<end, into: words) } else { gather(next..<end, into: words) }
        next = end
        return next == partCount
    }

    /// The words as an object, once they are made.
    func finish() -> MaskWords {
        let (words, count) = takeWords()
        return MaskWords(words, blockCount: codes.blockCount, count: count)
    }

    func takeWords() -> (UnsafeMutablePointer<UInt16>, count: Int) {
        guard let taken = words else { preconditionFailure("the words are taken once") }
        words = nil
        return (taken, count)
    }

    /// Sets the bit of each row of some words of the bits.
    private func scatter(_ range: Range<Int>, into words: UnsafeMutablePointer<UInt16>) {
        rows.words.withUnsafeBufferPointer { bits in
            for index in range {
                var word = bits[index]
                while word != 0 {
                    let position = Int(codes.positions[index << 6 + word.trailingZeroBitCount])
                    words[position >> 4] |= 1 << UInt16(position & 15)
                    word &= word - 1
                }
            }
        }
    }

    /// Looks up the bit of the row of each position of some blocks.
    private func gather(_ range: Range<Int>, into words: UnsafeMutablePointer<UInt16>) {
        rows.words.withUnsafeBufferPointer { bits in
            guard let bits = bits.baseAddress else { return }
            let whole = codes.rowCount >> 4
            for block in range.clamped(to: 0..<whole) {
                var word: UInt64 = 0
                let rows = codes.rows + block << 4
                for place in 0..<16 {
                    let row = Int(truncatingIfNeeded: rows[place])
                    word |= (bits[row &>> 6] &>> UInt64(truncatingIfNeeded: row & 63) & 1) &<< UInt64(place)
                }
                words[block] = UInt16(truncatingIfNeeded: word)
            }
            guard range.contains(whole) else { return }
            var word: UInt16 = 0
            for position in whole << 4..<codes.rowCount where self.rows[Int(codes.rows[position])] {
                word |= 1 << UInt16(position & 15)
            }
            words[whole] = word
        }
    }
}
