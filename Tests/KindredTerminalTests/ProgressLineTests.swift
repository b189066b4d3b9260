import Glibc
import KindredTerminal
import Testing

/// A terminal (`pty`) and the bytes that a program writes to it.
private struct Terminal {
    let program: Int32
    private let screen: Int32

    // Linux's own requests (ioctl_tty(2)): the C library's names for them are not visible to Swift.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init() throws {
        screen = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (locked, number): (Int32, UInt32) = (0, 0)
        try #require(screen >= 0 && ioctl(screen, Self.unlock, &locked) == 0)
        try #require(ioctl(screen, Self.getNumber, &number) == 0)
        program = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(program >= 0)
    }

    func close() {
        Glibc.close(program)
        Glibc.close(screen)
    }

    /// The text written since the last call. A mark is written behind it, up to which everything is read.
    func written() -> String {
        let mark = UInt8(ascii: "!")
        _ = [mark].withUnsafeBytes { write(program, $0.baseAddress, 1) }
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while read(screen, &byte, 1) == 1, byte != mark { text.append(byte) }
        return String(decoding: text, as: UTF8.self)
    }
}

@Suite struct ProgressLineTests {
    private static let erase = "\r\u{1B}[K"

    @Test func aTerminalShowsEachTextOnce() throws {
        let terminal = try Terminal()
        defer { terminal.close() }
        let line = ProgressLine(descriptor: terminal.program)
        line.show("packing")
        #expect(terminal.written() == Self.erase + "packing")
        line.show("packing")
        #expect(terminal.written() == "")
        line.show("50 %")
        #expect(terminal.written() == Self.erase + "50 %")
    }

    @Test func clearErasesOnlyWhatIsShown() throws {
        let terminal = try Terminal()
        defer { terminal.close() }
        let line = ProgressLine(descriptor: terminal.program)
        line.clear()
        #expect(terminal.written() == "")
        line.show("packing")
        line.clear()
        #expect(terminal.written() == Self.erase + "packing" + Self.erase)
        line.clear()
        #expect(terminal.written() == "")
    }

    @Test func aPipeGetsNothing() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let line = ProgressLine(descriptor: ends[1])
        line.show("packing")
        line.clear()
        close(ends[1])
        var byte: UInt8 = 0
        #expect(read(ends[0], &byte, 1) == 0)
        close(ends[0])
    }
}
