import Glibc
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// Reads text files given by the user: UTF-8. A byte order mark at the start is left out.
enum TextFile {
    private static let chunkBytes = 1 << 20
    /// Signatures of other formats, with advice.
    private static let formats: [(start: [UInt8], what: String)] = [
        ([0xFF, 0xFE], "UTF-16 text: save it as UTF-8, or 'iconv -f UTF-16 -t UTF-8 FILE'"),
        ([0xFE, 0xFF], "UTF-16 text: save it as UTF-8, or 'iconv -f UTF-16 -t UTF-8 FILE'"),
        ([0x1F, 0x8B], "compressed by gzip: 'gzip -dc FILE' gives the text"),
        (Array("PK\u{3}\u{4}".utf8), "a zip archive, as .xlsx is: export the sheet as CSV in UTF-8"),
        ([0x93] + Array("NUMPY".utf8), "a .npy file: wanted text"),
        (Array("SQLite format 3".utf8), "an SQLite database: wanted text"),
    ]
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads a file, a pipe such as the shell's `<(...)`, or standard input for `-`.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        let bytes = try readAll(path)
        if let format = formats.first(where: { bytes.starts(with: $0.start) }) {
            throw .noText(path, reason: "it is \(format.what)")
        }
        let text = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
        guard text.withUnsafeBytes({ TextIDRule.isUTF8($0) }) else {
            throw .noText(
                path, reason: "\(placeOfFault(text)) is not UTF-8: 'iconv -f LATIN1 -t UTF-8 FILE' may help")
        }
        return text
    }

    private static func readAll(_ path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, reason: SystemError.text(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(path, reason: SystemError.text(errno))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .unreadable(path, reason: "it is a folder") }
        guard status.st_size <= Limits.idListFileBytesMax else { throw tooLarge(path) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(status.st_mode & S_IFMT == S_IFREG ? status.st_size + 1 : chunkBytes)
        while true {
            let start = bytes.count
            let count = try append(chunkOf: descriptor, path, to: &bytes)
            if count == 0 { return bytes }
            guard bytes.count <= Limits.idListFileBytesMax else { throw tooLarge(path) }
            // Text has no zero bytes. Checked at once, since a device may never end.
            guard let zero = bytes[start...].firstIndex(of: 0) else { continue }
            if let format = formats.first(where: { bytes.starts(with: $0.start) }) {
                throw .noText(path, reason: "it is \(format.what)")
            }
            throw .noText(path, reason: "byte \(zero.groupedDigits) is 0, which no UTF-8 text has")
        }
    }

    /// Appends the bytes of one read. Returns their number, 0 at the end.
    private static func append(
        chunkOf descriptor: Int32, _ path: String, to bytes: inout [UInt8]
    ) throws(CommandFailure) -> Int {
        var result = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: chunkBytes) { buffer, count in
            repeat {
                result = Glibc.read(descriptor, buffer.baseAddress, chunkBytes)
            } while result < 0 && errno == EINTR
            count = max(0, result)
        }
        guard result >= 0 else { throw .unreadable(path, reason: SystemError.text(errno)) }
        bytes += chunk
        return result
    }

    private static func tooLarge(_ path: String) -> CommandFailure {
        .unreadable(path, reason: "it has more than \(Limits.idListFileBytesMax.groupedDigits) bytes")
    }

    private static func placeOfFault(_ text: [UInt8]) -> String {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard line.withUnsafeBytes({ TextIDRule.isUTF8($0) }) else { return "line \(index + 1)" }
        }
        return "it"
    }
}
