import KindredDomain
import KindredModel
import KindredSystem

/// Reads a text of pairs, one line after the other, through a small buffer.
///
/// Line ends are LF or CRLF, and the last one is optional. A byte order mark does not belong to the first line.
struct PairLines: ~Copyable {
    private static let chunkByteCount = 1 << 20

    private let file: ReadableFile
    private var buffer: [UInt8] = []
    /// The bytes of the buffer that were read as lines.
    private var used = 0
    /// Bytes of the file that are in the buffer or were used.
    private(set) var byteCountRead = 0
    /// The number of the last line, from 1; 0 before the first.
    private(set) var number = 0

    var byteCount: Int { file.byteCount }

    /// Opens a file. Throws if its first bytes are not those of text in UTF-8.
    init(path: String) throws(FileFailure) {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        let start = try file.bytes(at: 0, count: min(file.byteCount, 6))
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            throw FileFailure(
                file: path, field: "the text of the pairs", found: "UTF-16",
                wanted: "UTF-8 (iconv -f UTF-16 -t UTF-8 writes it)")
        }
        if start.starts(with: NpyHeader.magic) || start.starts(with: [0x1F, 0x8B]) {
            throw FileFailure(
                file: path, field: "the format", found: start[0] == 0x1F ? "gzip" : "a .npy file",
                wanted: "a .npz file of scipy.sparse.save_npz, or text: one pair of user and item per line")
        }
        self.file = file
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { byteCountRead = 3 }
    }

    /// The bytes of the next line without its end; nil after the last. Throws for a line that is too long.
    mutating func next() throws(FileFailure) -> ArraySlice<UInt8>? {
        while true {
            let isAtEnd = byteCountRead >= file.byteCount
            if let end = buffer[used...].firstIndex(of: 0x0A)
                ?? (isAtEnd && used < buffer.count ? buffer.count : nil)
            {
                number += 1
                let isReturn = end < buffer.count && end > used && buffer[end - 1] == 0x0D
                let line = buffer[used..<(isReturn ? end - 1 : end)]
                used = min(end + 1, buffer.count)
                try check(line.count)
                return line
            }
            if isAtEnd { return nil }
            buffer.removeSubrange(..<used)
            used = 0
            if buffer.count > Limits.pairLineBytesMax + 2 {
                number += 1
                try check(buffer.count)
            }
            let count = min(Self.chunkByteCount, file.byteCount - byteCountRead)
            buffer += try file.bytes(at: byteCountRead, count: count)
            byteCountRead += count
        }
    }

    private func check(_ byteCount: Int) throws(FileFailure) {
        guard byteCount <= Limits.pairLineBytesMax else {
            throw FileFailure(
                file: file.name, field: "line \(number)", found: "\(byteCount) bytes or more",
                wanted: "at most \(Limits.pairLineBytesMax): one pair of user and item")
        }
    }
}
