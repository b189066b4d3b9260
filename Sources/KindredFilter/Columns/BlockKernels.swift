/// Loops over the rows of a block that make a word of bits of 64 rows each.
///
/// `words` has a word for each 64 rows begun. Bits beyond the last row are clear.
enum BlockKernels {
    /// Whether integers lie in a range.
    static func integers(
        _ values: UnsafePointer<Int64>, _ count: Int, in range: IntegerRange,
        into words: UnsafeMutablePointer<UInt64>
    ) {
        guard !range.isEmpty else { return clear(words, count) }
        // One comparison for both ends: numbers below the least wrap around.
        let least = range.least
        let span = UInt64(bitPattern: range.greatest &- least)
        fill(words, count) { UInt64(bitPattern: values[$0] &- least) <= span }
    }

    /// Whether reals lie in a range.
    static func reals(
        _ values: UnsafePointer<Double>, _ count: Int, in range: RealRange,
        into words: UnsafeMutablePointer<UInt64>
    ) {
        let (least, greatest) = (SIMD8(repeating: range.least), SIMD8(repeating: range.greatest))
        let whole = count / 64
        for word in 0..<whole {
            let start = UnsafeRawPointer(values + word * 64)
            var bits = SIMD8<Int64>()
            var weights = firstWeights
            for part in 0..<8 {
                let eight = start.loadUnaligned(fromByteOffset: part * 64, as: SIMD8<Double>.self)
                let isIn = (eight .>= least) .& (eight .<= greatest)
                bits |= weights.replacing(with: 0, where: .!isIn)
                weights &<<= SIMD8(repeating: 8)
            }
            words[word] = UInt64(bitPattern: bits.wrappedSum())
        }
        rest(words, whole, count) { range.least <= values[$0] && values[$0] <= range.greatest }
    }

    private static let firstWeights = SIMD8<Int64>(1, 2, 4, 8, 16, 32, 64, 128)

    /// Whether codes lie in `first ... last`.
    static func codes(
        _ codes: UnsafePointer<UInt32>, _ count: Int, first: UInt32, last: UInt32,
        into words: UnsafeMutablePointer<UInt64>
    ) {
        // A dictionary has fewer than 2^31 texts, and signed numbers compare faster.
        let (least, greatest) = (
            SIMD8(repeating: Int32(truncatingIfNeeded: first)),
            SIMD8(repeating: Int32(truncatingIfNeeded: last))
        )
        let whole = count / 64
        for word in 0..<whole {
            let start = UnsafeRawPointer(codes + word * 64)
            var (low, high) = (SIMD8<Int32>(), SIMD8<Int32>())
            var weights = SIMD8<Int32>(1, 2, 4, 8, 16, 32, 64, 128)
            for part in 0..<4 {
                let eight = start.loadUnaligned(fromByteOffset: part * 32, as: SIMD8<Int32>.self)
                let isIn = (eight .>= least) .& (eight .<= greatest)
                low |= weights.replacing(with: 0, where: .!isIn)
                let later = start.loadUnaligned(fromByteOffset: 128 + part * 32, as: SIMD8<Int32>.self)
                let isLaterIn = (later .>= least) .& (later .<= greatest)
                high |= weights.replacing(with: 0, where: .!isLaterIn)
                weights &<<= SIMD8(repeating: 8)
            }
            words[word] =
                UInt64(UInt32(bitPattern: low.wrappedSum())) | UInt64(UInt32(bitPattern: high.wrappedSum()))
                << 32
        }
        rest(words, whole, count) { codes[$0] >= first && codes[$0] <= last }
    }

    /// Whether the truths of codes have a bit.
    static func codes(
        _ codes: UnsafePointer<UInt32>, _ count: Int, truths: UnsafePointer<UInt8>, having bit: UInt8,
        into words: UnsafeMutablePointer<UInt64>
    ) {
        fill(words, count) { truths[Int(truncatingIfNeeded: codes[$0])] & bit != 0 }
    }

    /// Whether numbers are among those of a list, which ascends.
    @inline(__always)
    static func list<Number: Comparable>(
        _ values: UnsafePointer<Number>, _ count: Int, among list: [Number],
        into words: UnsafeMutablePointer<UInt64>
    ) {
        list.withUnsafeBufferPointer { list in
            guard let start = list.baseAddress, list.count > 0 else { return clear(words, count) }
            fill(words, count) { index in
                let value = values[index]
                // A binary search with as many steps for every value, and without a branch that depends on it.
                var place = 0
                var length = list.count
                while length > 1 {
                    let half = length &>> 1
                    place &+= half & (0 &- (start[place &+ half] <= value ? 1 : 0))
                    length &-= half
                }
                return start[place] == value
            }
        }
    }

    /// Whether one of a row's codes is a match. `offsets` are those of the block's rows and one more. `isMatch` is 1
    /// for a code that is one, else 0.
    static func set(
        _ offsets: UnsafePointer<UInt32>, _ count: Int, codes: UnsafePointer<UInt32>,
        isMatch: UnsafePointer<UInt8>, into words: UnsafeMutablePointer<UInt64>
    ) {
        var row = 0
        while row < count {
            let rowCount = min(64, count - row)
            words[row / 64] = setWord(offsets + row, rowCount, codes: codes, isMatch: isMatch)
            row += rowCount
        }
    }

    /// The word of at most 64 rows. The matches before each code are counted in one pass over the codes: a row has a
    /// match where the counts of its two ends differ. So no branch depends on the number of a row's codes.
    private static func setWord(
        _ offsets: UnsafePointer<UInt32>, _ count: Int, codes: UnsafePointer<UInt32>,
        isMatch: UnsafePointer<UInt8>
    ) -> UInt64 {
        let first = Int(truncatingIfNeeded: offsets[0])
        let codeCount = Int(truncatingIfNeeded: offsets[count]) - first
        guard codeCount > 0 else { return 0 }
        guard codeCount <= codesAtOnceMax else {
            var bits: UInt64 = 0
            for row in 0..<count {
                let own = Int(truncatingIfNeeded: offsets[row])..<Int(truncatingIfNeeded: offsets[row + 1])
                if own.contains(where: { isMatch[Int(truncatingIfNeeded: codes[$0])] != 0 }) {
                    bits |= 1 << UInt64(row)
                }
            }
            return bits
        }
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: codesAtOnceMax + 1) { before in
            var matches: UInt16 = 0
            before[0] = 0
            for place in 0..<codeCount {
                matches &+= UInt16(isMatch[Int(truncatingIfNeeded: codes[first &+ place])])
                before[place &+ 1] = matches
            }
            var bits: UInt64 = 0
            for row in 0..<count {
                let start = Int(truncatingIfNeeded: offsets[row]) &- first
                let end = Int(truncatingIfNeeded: offsets[row &+ 1]) &- first
                bits |= (before[start] != before[end] ? 1 : 0) &<< UInt64(row)
            }
            return bits
        }
    }

    /// Codes of 64 rows that are counted in one pass. More are compared row by row.
    private static let codesAtOnceMax = 500

    /// Whether a row has any code.
    static func anyCode(
        _ offsets: UnsafePointer<UInt32>, _ count: Int, into words: UnsafeMutablePointer<UInt64>
    ) {
        fill(words, count) { offsets[$0] != offsets[$0 + 1] }
    }

    /// Whether rows lie in one of several ranges, which ascend.
    static func ranges(_ ranges: [Range<Int>], of rows: Range<Int>, into words: UnsafeMutablePointer<UInt64>)
    {
        clear(words, rows.count)
        let first = ranges.indices.partitioningIndex { ranges[$0].upperBound > rows.lowerBound }
        for range in ranges[first...] {
            if range.lowerBound >= rows.upperBound { return }
            let own = range.clamped(to: rows)
            var row = own.lowerBound - rows.lowerBound
            let end = own.upperBound - rows.lowerBound
            while row < end {
                let next = min(end, (row / 64 + 1) * 64)
                let bits: UInt64 = next - row == 64 ? ~0 : (1 << UInt64(next - row) - 1) << UInt64(row % 64)
                words[row / 64] |= bits
                row = next
            }
        }
    }

    static func clear(_ words: UnsafeMutablePointer<UInt64>, _ count: Int) {
        words.update(repeating: 0, count: (count + 63) / 64)
    }

    /// A word of each 64 rows, without a branch for a row.
    @inline(__always)
    private static func fill(
        _ words: UnsafeMutablePointer<UInt64>, _ count: Int, _ holds: (Int) -> Bool
    ) {
        let whole = count / 64
        for word in 0..<whole {
            // Eight rows at once: the shift of each bit among them is a constant.
            var bits: UInt64 = 0
            for part in 0..<8 {
                let row = word &* 64 &+ part &* 8
                let low = bit(holds(row)) | bit(holds(row &+ 1)) &<< 1 | bit(holds(row &+ 2)) &<< 2
                let middle = bit(holds(row &+ 3)) &<< 3 | bit(holds(row &+ 4)) &<< 4
                let high =
                    bit(holds(row &+ 5)) &<< 5 | bit(holds(row &+ 6)) &<< 6 | bit(holds(row &+ 7)) &<< 7
                bits |= (low | middle | high) &<< UInt64(part &* 8)
            }
            words[word] = bits
        }
        rest(words, whole, count, holds)
    }

    @inline(__always)
    private static func bit(_ isSet: Bool) -> UInt64 { isSet ? 1 : 0 }

    /// The last word, of fewer than 64 rows.
    @inline(__always)
    private static func rest(
        _ words: UnsafeMutablePointer<UInt64>, _ whole: Int, _ count: Int, _ holds: (Int) -> Bool
    ) {
        guard whole * 64 < count else { return }
        var bits: UInt64 = 0
        for row in whole * 64..<count where holds(row) { bits |= 1 << UInt64(row & 63) }
        words[whole] = bits
    }
}
