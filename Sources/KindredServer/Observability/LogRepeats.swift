/// Limits how many lines of the same message are logged. A value: it has no clock and writes nothing.
///
/// Of each message and level, at most `linesPerPeriodMax` lines are written in a period; the rest are counted. When
/// the period is over, one line says how many were left out.
package struct LogRepeats {
    /// Whether a line is written.
    package enum Verdict: Equatable {
        case write
        /// Leave it out. `isFirst`: it is the first one left out in its period, so a summary is due when the period
        /// is over.
        case leaveOut(isFirst: Bool)
    }

    /// Lines of one message that were left out.
    package struct Summary: Equatable {
        package let message: String
        package let level: String
        package let count: Int

        package init(message: String, level: String, count: Int) {
            self.message = message
            self.level = level
            self.count = count
        }
    }

    private struct Key: Hashable {
        let message: String
        let level: String
    }

    private struct Entry {
        var beganAt: UInt64
        var writtenCount = 0
        var leftOutCount = 0
    }

    /// Lines of one message that are written in a period.
    package static let linesPerPeriodMax = 100
    /// Nanoseconds.
    package static let period: UInt64 = 10_000_000_000
    /// Messages that are counted at a time. Messages are constants of the program, so there are few.
    package static let messagesMax = 256

    private var entries: [Key: Entry] = [:]

    package init() {}

    /// A line with this message comes at `now` nanoseconds.
    package mutating func note(message: String, level: String, now: UInt64) -> Verdict {
        let key = Key(message: message, level: level)
        var entry = entries[key] ?? Entry(beganAt: now)
        if entry.leftOutCount == 0, now - min(now, entry.beganAt) >= Self.period {
            entry = Entry(beganAt: now)
        }
        defer { entries[key] = entry }
        if entry.writtenCount < Self.linesPerPeriodMax {
            if entries[key] == nil, entries.count >= Self.messagesMax { forget() }
            entry.writtenCount += 1
            return .write
        }
        entry.leftOutCount += 1
        return .leaveOut(isFirst: entry.leftOutCount == 1)
    }

    /// The numbers of lines left out in periods that are over at `now`, by message. New periods begin for these
    /// messages.
    package mutating func takeSummaries(now: UInt64) -> [Summary] {
        let due = entries.filter {
            $0.value.leftOutCount > 0 && now - min(now, $0.value.beganAt) >= Self.period
        }
        for key in due.keys { entries[key] = nil }
        return due.map { Summary(message: $0.message, level: $0.level, count: $1.leftOutCount) }
            .sorted { ($0.message, $0.level) < ($1.message, $1.level) }
    }

    /// Makes room: forgets the messages of which no line was left out, or all where there are none of these.
    private mutating func forget() {
        entries = entries.filter { $0.value.leftOutCount > 0 }
        if entries.count >= Self.messagesMax { entries = [:] }
    }
}
