/// Decompresses DEFLATE (RFC 1951), as zip archives have it.
///
/// The size of the content is known before. Nothing is read or written outside of the two buffers, whatever the input
/// says.
package struct Inflater {
    /// Why bytes are no such stream.
    package enum Fault: Error, Equatable {
        /// The stream goes on after the last byte of the input.
        case cut
        /// The stream ends before or after the size that was said.
        case size(atLeast: Int)
        /// A block, a code or a distance that DEFLATE does not have.
        case malformed(String)
    }

    private let input: UnsafeRawBufferPointer
    private let output: UnsafeMutableRawBufferPointer
    /// Input bytes that are in `bits` or were used.
    private var next = 0
    private var written = 0
    /// Bits that were read and not used, the next one lowest. All above `bitCount` are 0.
    private var bits: UInt64 = 0
    private var bitCount = 0

    /// Fills `output` with the content of `input`. Throws unless the stream is whole and its content has exactly the
    /// size of `output`. Bytes of the input after the stream are ignored.
    package static func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Fault) {
        var inflater = Inflater(input: input, output: output)
        try inflater.run()
    }

    private init(input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer) {
        self.input = input
        self.output = output
    }

    private mutating func run() throws(Fault) {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try copyStored()
            case 1: try decode(Self.fixedLiterals, Self.fixedDistances)
            case 2:
                let (literals, distances) = try readCodes()
                try decode(literals, distances)
            default: throw .malformed("a block of type 3")
            }
        }
        guard written == output.count else { throw .size(atLeast: written) }
    }

    // MARK: Bits

    /// Reads bytes until `bits` holds 56 bits or more, or the input ends.
    @inline(__always)
    private mutating func refill() {
        while bitCount <= 56, next < input.count {
            bits |= UInt64(input[next]) << UInt64(bitCount)
            next += 1
            bitCount += 8
        }
    }

    @inline(__always)
    private mutating func drop(_ count: Int) throws(Fault) {
        guard count <= bitCount else { throw .cut }
        bits >>= UInt64(count)
        bitCount -= count
    }

    /// The next `count` bits as a number, 0 to 16.
    @inline(__always)
    private mutating func take(_ count: Int) throws(Fault) -> Int {
        if bitCount < count { refill() }
        let value = Int(bits & (1 << UInt64(count) - 1))
        try drop(count)
        return value
    }

    /// The next symbol of a code.
    @inline(__always)
    private mutating func take(_ code: borrowing HuffmanCode) throws(Fault) -> Int {
        if bitCount < HuffmanCode.lengthMax { refill() }
        guard let (symbol, length) = code.symbol(of: bits) else {
            throw bitCount < HuffmanCode.lengthMax ? .cut : .malformed("bits that begin no code")
        }
        try drop(length)
        return symbol
    }

    // MARK: Blocks

    private mutating func copyStored() throws(Fault) {
        try drop(bitCount & 7)
        let (count, complement) = (try take(16), try take(16))
        guard count == ~complement & 0xFFFF else { throw .malformed("a stored block without its size") }
        // Whole bytes that were read ahead are given back.
        next -= bitCount / 8
        (bits, bitCount) = (0, 0)
        guard count <= input.count - next else { throw .cut }
        guard count <= output.count - written else { throw .size(atLeast: written + count) }
        if count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: output[written..<written + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[next..<next + count]))
        }
        next += count
        written += count
    }

    /// Bytes that a copy repeats at least, and the further bits of its length, by symbol - 257.
    private static let lengths: [(base: Int, extraBits: Int)] = [
        (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1),
        (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4),
        (115, 4), (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
    ]
    /// The least distance of a copy, and the further bits of it, by symbol.
    private static let distances: [(base: Int, extraBits: Int)] = (0..<30).map { symbol in
        let extraBits = max(0, symbol / 2 - 1)
        let base: Int = symbol < 2 ? symbol : (2 + symbol % 2) << extraBits
        return (base + 1, extraBits)
    }
    private static let endOfBlock = 256

    private mutating func decode(
        _ literals: borrowing HuffmanCode, _ distances: borrowing HuffmanCode
    ) throws(Fault) {
        while true {
            let symbol = try take(literals)
            if symbol < Self.endOfBlock {
                guard written < output.count else { throw .size(atLeast: written + 1) }
                output[written] = UInt8(truncatingIfNeeded: symbol)
                written += 1
                continue
            }
            if symbol == Self.endOfBlock { return }
            guard symbol - 257 < Self.lengths.count else { throw .malformed("a length of symbol \(symbol)") }
            let length = Self.lengths[symbol - 257]
            let count = length.base + (try take(length.extraBits))
            let distanceSymbol = try take(distances)
            guard distanceSymbol < Self.distances.count else {
                throw .malformed("a distance of symbol \(distanceSymbol)")
            }
            let entry = Self.distances[distanceSymbol]
            let distance = entry.base + (try take(entry.extraBits))
            guard distance <= written else {
                throw .malformed("a copy from \(distance) bytes before, \(written) bytes in")
            }
            guard count <= output.count - written else { throw .size(atLeast: written + count) }
            // The source may reach into what is copied, which then repeats.
            let target = output.baseAddress! + written
            if distance >= count {
                target.copyMemory(from: target - distance, byteCount: count)
            } else {
                for index in 0..<count {
                    let byte = (target - distance).load(fromByteOffset: index, as: UInt8.self)
                    target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
                }
            }
            written += count
        }
    }

    // MARK: Codes

    /// The code of literals and lengths in blocks of type 1 (RFC 1951, section 3.2.6).
    private static let fixedLiterals = HuffmanCode(
        lengths: ([UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
            + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8))[...])!
    private static let fixedDistances = HuffmanCode(lengths: [UInt8](repeating: 5, count: 32)[...])!

    /// The order in which a block has the lengths of the code of lengths.
    private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// Reads the two codes of a block of type 2 (RFC 1951, section 3.2.7).
    private mutating func readCodes() throws(Fault) -> (literals: HuffmanCode, distances: HuffmanCode) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let lengthCount = try take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else {
            throw .malformed("a block with too many codes")
        }
        var lengthLengths = [UInt8](repeating: 0, count: Self.lengthOrder.count)
        for place in Self.lengthOrder.prefix(lengthCount) { lengthLengths[place] = UInt8(try take(3)) }
        guard let lengthCode = HuffmanCode(lengths: lengthLengths[...]) else {
            throw .malformed("lengths of codes that make no code")
        }
        var lengths: [UInt8] = []
        lengths.reserveCapacity(literalCount + distanceCount)
        while lengths.count < literalCount + distanceCount {
            let symbol = try take(lengthCode)
            var repeated: UInt8 = 0
            let count: Int
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw .malformed("a repeated length before any") }
                repeated = last
                count = 3 + (try take(2))
            case 17: count = 3 + (try take(3))
            case 18: count = 11 + (try take(7))
            default:
                repeated = UInt8(symbol)
                count = 1
            }
            guard lengths.count + count <= literalCount + distanceCount else {
                throw .malformed("more lengths than codes")
            }
            for _ in 0..<count { lengths.append(repeated) }
        }
        guard lengths[Self.endOfBlock] > 0 else { throw .malformed("a block without an end") }
        guard let literals = HuffmanCode(lengths: lengths[..<literalCount]),
            let distances = HuffmanCode(lengths: lengths[literalCount...])
        else { throw .malformed("lengths that make no code") }
        return (literals, distances)
    }
}
