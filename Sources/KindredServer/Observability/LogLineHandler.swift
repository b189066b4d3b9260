import Glibc
import KindredSystem
import Logging

/// Log lines as `time=... level=... msg="..." key=value`, one per event.
package struct LogLineHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]

    private let writer: LogWriter

    package init(level: Logger.Level, writer: LogWriter = .standardError) {
        logLevel = level
        self.writer = writer
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let message = event.message.description
        let level = event.level.rawValue
        guard writer.admits(message: message, level: level) else { return }
        var line = "time=\(Self.timestamp) level=\(level) msg=\(LogText.quoted(message))"
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(LogText.quoted(value.description))"
        }
        line += "\n"
        writer.append(line)
    }

    /// Now, as `2026-01-31T23:59:59.999Z`.
    static var timestamp: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = String(1_000 + time.tv_nsec / 1_000_000).dropFirst()
        return "\(Timestamp.text(secondsSince1970: time.tv_sec).dropLast()).\(milliseconds)Z"
    }
}

/// Escapes text from outside for a log line, so that it can neither end the line nor hide in it.
package enum LogText {
    /// Plain text stays as it is. Other text stands in quotes, with escapes.
    ///
    /// Escaped are control characters (C0, DEL and C1, which hold commands of terminals), line and paragraph
    /// separators, and invisible format characters, such as marks that change the direction of writing.
    package static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D }
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case _ where isHidden(scalar): quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            true
        default: false
        }
    }
}
