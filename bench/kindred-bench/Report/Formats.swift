import KindredSystem
import KindredTerminal

extension Double {
    /// A number of milliseconds with its unit and two digits after the point.
    var millisecondsText: String { fixed(2) + " ms" }

    /// A share in per cent, with one digit after the point below ten.
    var percent: String { (self * 100).fixed(magnitude < 0.0995 ? 1 : 0) + " %" }
}

extension Int {
    /// A number of bytes in MiB, with one digit after the point.
    var mebibytes: String { (Double(self) / 1_048_576).fixed(1) + " MiB" }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    var hexadecimal: String { HexText.encode(withUnsafeBytes(of: bigEndian, Array.init)) }
}
