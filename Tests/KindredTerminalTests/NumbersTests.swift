import KindredTerminal
import TestSupport
import Testing

@Suite struct NumbersTests {
    @Test func digitsAreGroupedByThree() {
        let texts = [0, 7, 999, 1_000, -1_000, 12_345, 1_234_567].map(\.groupedDigits)
        #expect(texts == ["0", "7", "999", "1,000", "-1,000", "12,345", "1,234,567"])
        #expect(Int64.min.groupedDigits == "-9,223,372,036,854,775,808")
        #expect(UInt64.max.groupedDigits == "18,446,744,073,709,551,615")
    }

    @Test func fixedRoundsHalvesAwayFromZero() {
        #expect(0.03125.fixed(4) == "0.0313")
        #expect((-0.03125).fixed(4) == "-0.0313")
        #expect(0.5.fixed(0) == "1")
        #expect(1.005.fixed(1) == "1.0")
        #expect(99.995.fixed(2) == "100.00")
        #expect(0.0.fixed(3) == "0.000")
    }

    @Test func fixedShowsWhatHasNoSuchDigitsAsSwiftDoes() {
        #expect(Double.infinity.fixed(2) == "inf")
        #expect((-Double.infinity).fixed(2) == "-inf")
        #expect(Double.nan.fixed(0) == "nan")
        #expect(1e300.fixed(4) == "1e+300")
    }

    /// Read back, the text is within half of its last digit, and what float64 rounds the text by.
    @Test func fixedReadsBackWithinItsPrecision() {
        var generator = SeededGenerator.announced()
        for _ in 0..<2_000 {
            let digits = Int.random(in: 0...6, using: &generator)
            let number = Double.random(in: -1e6...1e6, using: &generator)
            let half = (0..<digits).reduce(0.5) { half, _ in half / 10 }
            let text = number.fixed(digits)
            #expect(abs((Double(text) ?? .nan) - number) <= half + number.ulp, "\(number) gave \(text)")
        }
    }

    @Test func durationsConvertToEachUnit() {
        let duration = Duration.milliseconds(1_500) + .nanoseconds(7)
        #expect(duration.inNanoseconds == 1_500_000_007)
        #expect(duration.inSeconds == 1.500_000_007)
        #expect(Duration.microseconds(250).inMilliseconds == 0.25)
        #expect(Duration.nanoseconds(-3).inNanoseconds == -3)
    }
}
