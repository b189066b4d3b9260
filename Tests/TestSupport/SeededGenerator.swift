import Foundation

/// A reproducible source of random numbers (SplitMix64, Steele, Lea and Flood, 2014). Tests print its seed.
package struct SeededGenerator: RandomNumberGenerator {
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// A seed from `KINDRED_TEST_SEED`, else a fresh one; printed with the running test and its arguments.
    package static func announced() -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["KINDRED_TEST_SEED"].flatMap { UInt64($0) }
        let generator = SeededGenerator(seed: given ?? UInt64.random(in: 1...999_999_999))
        // Standard error has no buffer, so the line is there when the test ends the process.
        let line = "KINDRED_TEST_SEED=\(generator.seed) \(RunningTest.description)\n"
        FileHandle.standardError.write(Data(line.utf8))
        return generator
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// A normally distributed number (Box and Muller, 1958).
    package mutating func normal() -> Double {
        let radius = (-2 * log(uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    /// A uniformly distributed number above 0, at most 1.
    package mutating func uniform() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }
}
