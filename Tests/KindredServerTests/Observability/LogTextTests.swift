import KindredServer
import Testing

/// Text from outside is escaped in the log, and repeated messages do not fill it.
@Suite struct LogTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
        ("say \"hi\"\\", #""say \"hi\"\\""#), ("line\nnext", #""line\nnext""#),
        ("\u{1B}[2J", #""\u{1b}[2J""#),
        ("\u{85}", #""\u{85}""#), ("\u{9B}31m", #""\u{9b}31m""#),
        ("\u{2028}\u{2029}", #""\u{2028}\u{2029}""#),
        ("\u{202E}gpj.exe", #""\u{202e}gpj.exe""#),
        ("\u{2066}\u{200F}\u{61C}", #""\u{2066}\u{200f}\u{61c}""#),
        ("\u{FEFF}", #""\u{feff}""#), ("Käse 茶", "\"Käse 茶\""),
    ])
    func hiddenCharactersAreShown(text: String, wanted: String) { #expect(LogText.quoted(text) == wanted) }

    @Test func aFrequentMessageIsCounted() {
        var repeats = LogRepeats()
        var written = 0
        var summaries = 0
        for index in 0..<1_000 {
            switch repeats.note(message: "refused", level: "notice", now: UInt64(index)) {
            case .write: written += 1
            case .leaveOut(let isFirst): summaries += isFirst ? 1 : 0
            }
        }
        #expect(written == LogRepeats.linesPerPeriodMax && summaries == 1)
        #expect(repeats.note(message: "other", level: "notice", now: 5) == .write)
        #expect(repeats.takeSummaries(now: LogRepeats.period - 1).isEmpty)
        let left = LogRepeats.Summary(message: "refused", level: "notice", count: 900)
        #expect(repeats.takeSummaries(now: LogRepeats.period) == [left])
        // A new period.
        #expect(repeats.note(message: "refused", level: "notice", now: LogRepeats.period) == .write)
        #expect(repeats.takeSummaries(now: .max).isEmpty)
    }

    /// Where no line was left out, a new period begins with the first line after the old one.
    @Test func rareMessagesAreNeverLeftOut() {
        var repeats = LogRepeats()
        for index in 0..<1_000 {
            let now = UInt64(index) * LogRepeats.period / 50
            #expect(repeats.note(message: "now and then", level: "info", now: now) == .write)
        }
    }

    @Test func theMessagesThatAreCountedHaveABound() {
        var repeats = LogRepeats()
        for index in 0..<10 * LogRepeats.messagesMax {
            #expect(repeats.note(message: "\(index)", level: "info", now: 0) == .write)
        }
    }
}
