import Glibc

/// Points in time in the form of a manifest: ISO-8601 in UTC, to the second.
package enum Timestamp {
    /// The text of a time in seconds since 1970, such as `2026-01-31T23:59:59Z`.
    package static func text(secondsSince1970 seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func digits(_ value: Int32, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
            + "T\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))Z"
    }

    /// The text of the current time.
    package static var now: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return text(secondsSince1970: time.tv_sec)
    }

    /// Whether a text has this form; fractions of a second are allowed.
    package static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00".utf8)
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard bytes.count > form.count, bytes.count <= form.count + 11, bytes.last == UInt8(ascii: "Z") else {
            return false
        }
        for (byte, wanted) in zip(bytes, form) {
            guard isDigit(wanted) ? isDigit(byte) : byte == wanted else { return false }
        }
        let fraction = bytes[form.count..<bytes.count - 1]
        return fraction.isEmpty
            || (fraction.first == UInt8(ascii: ".") && fraction.count > 1
                && fraction.dropFirst().allSatisfy(isDigit))
    }
}
