/// Numbers as both commands print them.
extension BinaryInteger {
    /// The number with a comma between groups of three digits.
    package var groupedDigits: String {
        let digits = Array(String(magnitude))
        var text = self < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}

extension Double {
    /// The number with exactly `digits` digits after the point, 0 to 15; halves are rounded away from zero.
    ///
    /// Numbers that are infinite, not a number, or too large to have such digits are shown as Swift prints them.
    package func fixed(_ digits: Int) -> String {
        var power: UInt64 = 1
        for _ in 0..<digits { power *= 10 }
        let scaled = (magnitude * Double(power)).rounded()
        guard scaled < 0x1p63 else { return "\(self)" }
        let (whole, rest) = UInt64(scaled).quotientAndRemainder(dividingBy: power)
        let sign = self < 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(whole)" }
        let text = String(rest)
        return "\(sign)\(whole)." + String(repeating: "0", count: digits - text.count) + text
    }
}

extension Duration {
    /// The time in seconds.
    package var inSeconds: Double { self / .seconds(1) }

    /// The time in milliseconds.
    package var inMilliseconds: Double { self / .milliseconds(1) }

    /// The time in whole nanoseconds, rounded toward zero; wraps beyond 292 years.
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
