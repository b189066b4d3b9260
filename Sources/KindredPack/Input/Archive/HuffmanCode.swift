/// A prefix code of DEFLATE (RFC 1951, section 3.2.2), ready for decoding.
struct HuffmanCode {
    /// Bits of the longest code.
    static let lengthMax = 15
    /// Codes of at most so many bits are found by one look.
    private static let tableBits = 10

    /// By the next bits of the input: symbol << 4 | length; 0 where no code of at most `tableBits` bits begins so.
    private var table: [UInt16]
    /// By length: the number of codes.
    private var counts: [Int]
    /// The symbols, sorted by the length of their codes, then by symbol.
    private var symbols: [UInt16]

    /// The code whose symbol s has `lengths[s]` bits, 0 to 15; 0 for a symbol without a code. Nil where no such code
    /// exists: more codes than their lengths allow, or fewer, unless there is a single one of one bit or none at all.
    init?(lengths: ArraySlice<UInt8>) {
        counts = [Int](repeating: 0, count: Self.lengthMax + 1)
        for length in lengths { counts[Int(length)] += 1 }
        counts[0] = 0
        var free = 1
        for length in 1...Self.lengthMax {
            free = free * 2 - counts[length]
            guard free >= 0 else { return nil }
        }
        let codeCount = counts.reduce(0, +)
        guard free == 0 || codeCount == 0 || (codeCount == 1 && counts[1] == 1) else { return nil }

        // The first code and the first place among the symbols of each length.
        var code = 0
        var place = 0
        var codes = [Int](repeating: 0, count: Self.lengthMax + 1)
        var places = codes
        for length in 1...Self.lengthMax {
            code = (code + counts[length - 1]) << 1
            codes[length] = code
            places[length] = place
            place += counts[length]
        }
        table = [UInt16](repeating: 0, count: 1 << Self.tableBits)
        symbols = [UInt16](repeating: 0, count: codeCount)
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let length = Int(length)
            symbols[places[length]] = UInt16(symbol)
            places[length] += 1
            // Codes come with their first bit first, so they are looked up in reverse.
            if length <= Self.tableBits {
                var reversed = 0
                for bit in 0..<length { reversed |= (codes[length] >> bit & 1) << (length - 1 - bit) }
                for entry in stride(from: reversed, to: 1 << Self.tableBits, by: 1 << length) {
                    table[entry] = UInt16(symbol) << 4 | UInt16(length)
                }
            }
            codes[length] += 1
        }
    }

    /// The symbol whose code the bits begin with, the first bit lowest, and the length of the code; nil where no code
    /// begins so. Bits past the end of the input are 0.
    @inline(__always)
    func symbol(of bits: UInt64) -> (symbol: Int, length: Int)? {
        let entry = table[Int(bits & (1 << UInt64(Self.tableBits) - 1))]
        if entry != 0 { return (Int(entry >> 4), Int(entry & 15)) }
        return longSymbol(of: bits)
    }

    /// The same for any length, bit by bit.
    private func longSymbol(of bits: UInt64) -> (symbol: Int, length: Int)? {
        var code = 0
        var first = 0
        var place = 0
        for length in 1...Self.lengthMax {
            code |= Int(bits >> UInt64(length - 1) & 1)
            let count = counts[length]
            if code - first < count { return (Int(symbols[place + code - first]), length) }
            place += count
            first = (first + count) << 1
            code <<= 1
        }
        return nil
    }
}
