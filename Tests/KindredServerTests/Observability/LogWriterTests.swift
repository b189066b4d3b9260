import Glibc
import KindredServer
import Logging
import Testing

/// Log lines reach a reader, and a missing reader does no harm.
@Suite struct LogWriterTests {
    /// A pipe whose reading end is non-blocking.
    private final class TestPipe {
        let reading: Int32
        let writing: Int32
        private var isRead = true

        init() throws {
            // The server's start does the same; a test of this suite may be the first in its process.
            _ = signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [-1, -1]
            let code = pipe(&ends)
            try #require(code == 0)
            reading = ends[0]
            writing = ends[1]
            try #require(fcntl(reading, F_SETFL, O_NONBLOCK) == 0)
        }

        deinit {
            closeReader()
            close(writing)
        }

        func closeReader() {
            if isRead { close(reading) }
            isRead = false
        }

        /// The bytes that can be read without waiting.
        func available() -> [UInt8] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(reading, &buffer, buffer.count)
                guard count > 0 else { return bytes }
                bytes += buffer[..<count]
            }
        }

        /// All lines of the writer, read while it writes; lines that have not come after ten seconds are missing.
        func everything(of writer: LogWriter) -> String {
            var bytes: [UInt8] = []
            for _ in 0..<1_000 {
                bytes += available()
                guard writer.flush(timeout: .milliseconds(10)) else { continue }
                return String(decoding: bytes + available(), as: UTF8.self)
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func linesArriveWholeAndInOrder() throws {
        let pipe = try TestPipe()
        let writer = LogWriter(descriptor: pipe.writing)
        var lines = (0..<1_000).map { "\($0) \(String(repeating: "x", count: $0 % 97))\n" }
        // More than a pipe takes at once.
        lines.insert(String(repeating: "y", count: 300_000) + "\n", at: 500)
        for line in lines { writer.append(line) }
        #expect(pipe.everything(of: writer) == lines.joined())
        #expect(writer.lostLines == 0)
        #expect(writer.held.lines == 0)
        #expect(writer.held.bytes == 0)
    }

    @Test func aReaderThatDoesNotReadDelaysNoWriter() throws {
        let pipe = try TestPipe()
        // The writer keeps more than the 64 KiB of a pipe.
        let writer = LogWriter(descriptor: pipe.writing, linesMax: 300, bytesMax: 200_000)
        let count = 10_000
        let padding = String(repeating: "x", count: 1_000)
        // This would never end if appending waited for the pipe.
        for index in 0..<count { writer.append("line \(index) \(padding)\n") }
        #expect(!writer.flush(timeout: .milliseconds(20)))
        #expect(writer.held.lines <= 300)
        #expect(writer.held.bytes <= 200_000)
        #expect(writer.lostLines > count / 2)

        var text = pipe.everything(of: writer)
        writer.append("after\n")
        text += pipe.everything(of: writer)
        let lines = text.split(separator: "\n")
        #expect(lines.last == "after")
        let indices = lines.filter { $0.hasPrefix("line ") }.compactMap { Int($0.split(separator: " ")[1]) }
        #expect(indices == indices.sorted())
        #expect(indices.count + writer.lostLines == count)
        // The numbers of lost lines stand before the next line that came through, and add up.
        let notices = lines.filter { $0.contains("msg=\"log lines lost\"") }
        #expect(lines.dropLast().last == notices.last)
        let said = notices.compactMap { $0.split(separator: "lines=").last.flatMap { Int($0) } }
        #expect(said.reduce(0, +) == writer.lostLines)
        #expect(writer.held.lines == 0)
        #expect(writer.held.bytes == 0)
    }

    @Test func aReaderThatHasGoneIsSurvived() throws {
        let pipe = try TestPipe()
        let writer = LogWriter(descriptor: pipe.writing)
        pipe.closeReader()
        for index in 0..<100 { writer.append("line \(index)\n") }
        #expect(writer.flush(timeout: .seconds(10)))
        #expect(writer.lostLines == 100)
        #expect(writer.held.lines == 0)
        #expect(writer.held.bytes == 0)
    }

    @Test func aFullDiskIsSurvived() throws {
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let writer = LogWriter(descriptor: descriptor)
        writer.append("line\n")
        #expect(writer.flush(timeout: .seconds(10)))
        #expect(writer.lostLines == 1)
    }

    @Test func anEventIsOneLine() throws {
        let pipe = try TestPipe()
        let writer = LogWriter(descriptor: pipe.writing)
        let logger = Logger(label: "test") { _ in LogLineHandler(level: .info, writer: writer) }
        logger.info("two\nlines", metadata: ["model": "sample", "reason": "a \"quoted\" word"])
        let line = pipe.everything(of: writer)
        let time = try #require(line.prefixMatch(of: #/time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /#))
        #expect(
            line[time.range.upperBound...]
                == "level=info msg=\"two\\nlines\" model=sample reason=\"a \\\"quoted\\\" word\"\n")
    }
}
