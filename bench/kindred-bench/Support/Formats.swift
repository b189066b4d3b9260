import Foundation

extension Double {
    /// A time in milliseconds with its unit, two digits after the point.
    var milliseconds: String { String(format: "%.2f ms", self) }

    /// The number with so many digits after the point.
    func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// A share in per cent: one digit after the point below ten.
    var percent: String { String(format: magnitude < 0.0995 ? "%.1f %%" : "%.0f %%", self * 100) }
}

extension Int {
    /// A number of bytes in MiB, one digit after the point.
    var mebibytes: String { String(format: "%.1f MiB", Double(self) / 1_048_576) }

    /// The number with a comma between groups of three digits.
    var groupedDigits: String {
        let digits = Array(String(magnitude))
        var text = self < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}

extension Duration {
    /// The time in seconds.
    var inSeconds: Double { self / .seconds(1) }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    var hexadecimal: String { String(format: "%016llx", self) }
}
