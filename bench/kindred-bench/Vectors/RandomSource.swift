/// Reproducible random numbers (SplitMix64, Steele, Lea and Flood, 2014).
struct RandomSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// `count` numbers, uniform in -1 ..< 1.
    mutating func floats(_ count: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            result.append(Float(Int32(truncatingIfNeeded: next() >> 40) - (1 << 23)) * 0x1p-23)
        }
        return result
    }

    /// `count` whole numbers in -127 ... 127.
    mutating func integers(_ count: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        for _ in 0..<count { result.append(Float(Int(next() >> 32) % 255 - 127)) }
        return result
    }
}
