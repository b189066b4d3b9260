import KindredChecksum
import KindredDomain
import KindredSystem

/// The members of a zip archive as NumPy writes it: stored or deflated, with 64-bit sizes where they are needed.
///
/// Sizes and places come from the directory at the end of the archive (APPNOTE.TXT of PKWARE, sections 4.3 and 4.5).
struct ZipArchive: ~Copyable {
    /// An entry of the directory.
    private struct Entry {
        let name: String
        let flags: UInt16
        let method: UInt16
        let crc32: UInt32
        var compressedByteCount: UInt64
        var byteCount: UInt64
        var offset: UInt64
    }

    /// The first bytes of every archive with a member.
    static let magic = Array("PK".utf8) + [3, 4]
    private static let directoryMagic = Array("PK".utf8) + [1, 2]
    private static let endMagic = Array("PK".utf8) + [5, 6]
    private static let end64Magic = Array("PK".utf8) + [6, 6]
    private static let locator64Magic = Array("PK".utf8) + [6, 7]
    private static let endByteCount = 22
    private static let end64ByteCount = 56
    private static let locator64ByteCount = 20
    private static let headerByteCount = 30
    private static let entryByteCount = 46
    private static let commentByteCountMax = 1 << 16 - 1
    /// DEFLATE makes at most so many bytes of one.
    private static let inflationMax: UInt64 = 1_032

    let path: String
    private let file: ReadableFile
    private let entries: [Entry]

    /// The names of all members.
    var names: [String] { entries.map(\.name) }

    /// Opens an archive and reads its directory. Throws if it has none or a malformed one.
    init(path: String) throws(FileFailure) {
        self.path = path
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        let directory = try Self.directory(of: file)
        let bytes = LittleEndianBytes(try file.bytes(at: directory.lowerBound, count: directory.count))
        var entries: [Entry] = []
        var place = 0
        while place < bytes.count {
            guard entries.count < Limits.archiveMembersMax else {
                throw Self.failure(
                    path, "number of members", "more than \(entries.count)",
                    "at most \(Limits.archiveMembersMax)")
            }
            let (entry, end) = try Self.entry(bytes, at: place, path: path)
            entries.append(entry)
            place = end
        }
        self.file = file
        self.entries = entries
    }

    private static func failure(_ path: String, _ field: String, _ found: String, _ wanted: String)
        -> FileFailure
    {
        FileFailure(file: path, field: field, found: found, wanted: wanted)
    }

    /// The bytes of the file that the directory takes.
    private static func directory(of file: borrowing ReadableFile) throws(FileFailure) -> Range<Int> {
        let path = file.name
        let tailByteCount = min(file.byteCount, endByteCount + commentByteCountMax)
        let tailStart = file.byteCount - tailByteCount
        let tail = LittleEndianBytes(try file.bytes(at: tailStart, count: tailByteCount))
        var place = tailByteCount - endByteCount
        // A comment follows the record, and the record has its size.
        while place >= 0,
            !(tail.hasPrefix(endMagic, at: place)
                && Int(tail.u16(place + 20)) == tailByteCount - endByteCount - place)
        {
            place -= 1
        }
        guard place >= 0 else {
            throw failure(
                path, "the end of the archive", "absent", "a whole .npz file, which is a zip archive")
        }
        var byteCount = UInt64(tail.u32(place + 12))
        var offset = UInt64(tail.u32(place + 16))
        let locatorPlace = tailStart + place - locator64ByteCount
        if byteCount == UInt32.max || offset == UInt32.max, locatorPlace >= 0 {
            let locator = LittleEndianBytes(try file.bytes(at: locatorPlace, count: locator64ByteCount))
            let recordOffset = locator.u64(8)
            guard locator.hasPrefix(locator64Magic, at: 0),
                recordOffset <= UInt64(max(0, locatorPlace - end64ByteCount))
            else {
                throw failure(path, "the archive's 64-bit end", "absent or elsewhere", "before its locator")
            }
            let record = LittleEndianBytes(
                try file.bytes(at: Int(recordOffset), count: end64ByteCount))
            guard record.hasPrefix(end64Magic, at: 0) else {
                throw failure(
                    path, "the archive's 64-bit end", "another record", "one at byte \(recordOffset)")
            }
            byteCount = record.u64(40)
            offset = record.u64(48)
        }
        guard byteCount <= UInt64(Limits.archiveDirectoryBytesMax) else {
            throw failure(
                path, "the bytes of the directory", "\(byteCount)",
                "at most \(Limits.archiveDirectoryBytesMax)")
        }
        guard offset <= UInt64(tailStart + place), byteCount <= UInt64(tailStart + place) - offset else {
            throw failure(
                path, "the directory", "\(byteCount) bytes at byte \(offset)",
                "all of it before byte \(tailStart + place), the end of the archive")
        }
        return Int(offset)..<Int(offset + byteCount)
    }

    /// The entry at a place of the directory, and the place after it.
    private static func entry(
        _ bytes: LittleEndianBytes, at place: Int, path: String
    ) throws(FileFailure) -> (Entry, end: Int) {
        guard bytes.count - place >= entryByteCount, bytes.hasPrefix(directoryMagic, at: place) else {
            throw failure(
                path, "the directory at byte \(place)", "no entry", "an entry of \(entryByteCount) bytes")
        }
        let nameStart = place + entryByteCount
        let extraStart = nameStart + Int(bytes.u16(place + 28))
        let extraEnd = extraStart + Int(bytes.u16(place + 30))
        let end = extraEnd + Int(bytes.u16(place + 32))
        guard end <= bytes.count else {
            throw failure(
                path, "an entry of the directory", "\(end - place) bytes", "at most \(bytes.count - place)")
        }
        var entry = Entry(
            name: String(decoding: bytes.bytes[nameStart..<extraStart], as: UTF8.self),
            flags: bytes.u16(place + 8),
            method: bytes.u16(place + 10), crc32: bytes.u32(place + 16),
            compressedByteCount: UInt64(bytes.u32(place + 20)), byteCount: UInt64(bytes.u32(place + 24)),
            offset: UInt64(bytes.u32(place + 42)))
        // Numbers that do not fit 32 bits are in an extra field, in this order.
        var field = extraStart
        while field + 4 <= extraEnd {
            let fieldEnd = min(field + 4 + Int(bytes.u16(field + 2)), extraEnd)
            if bytes.u16(field) == 1 {
                var number = field + 4
                func wide(_ value: UInt64) -> UInt64 {
                    guard value == UInt64(UInt32.max), number + 8 <= fieldEnd else { return value }
                    number += 8
                    return bytes.u64(number - 8)
                }
                entry.byteCount = wide(entry.byteCount)
                entry.compressedByteCount = wide(entry.compressedByteCount)
                entry.offset = wide(entry.offset)
            }
            field = fieldEnd
        }
        return (entry, end)
    }

    /// The content of a member; nil if the archive has none of the name. Throws if it is cut, damaged or encrypted, or
    /// compressed otherwise than NumPy does, and without memory.
    func content(of name: String) throws(FileFailure) -> MemoryRegion? {
        guard let entry = entries.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return nil }
        func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
            Self.failure(path, "\(field) of \(FileFailure.quoted(name))", found, wanted)
        }
        guard entry.flags & 1 == 0 else { throw failure("the flags", "encrypted", "a member that is not") }
        guard entry.method == 0 || entry.method == 8 else {
            throw failure(
                "the compression", "method \(entry.method)",
                "0 or 8, as scipy.sparse.save_npz and numpy.savez write them")
        }
        let fileByteCount = UInt64(file.byteCount)
        guard entry.offset <= fileByteCount, fileByteCount - entry.offset >= UInt64(Self.headerByteCount)
        else {
            throw failure("the place", "byte \(entry.offset)", "inside the archive")
        }
        let header = LittleEndianBytes(try file.bytes(at: Int(entry.offset), count: Self.headerByteCount))
        guard header.hasPrefix(Self.magic, at: 0) else {
            throw failure(
                "the place", "byte \(entry.offset), where no member begins", "the begin of a member")
        }
        let start =
            entry.offset + UInt64(Self.headerByteCount) + UInt64(header.u16(26)) + UInt64(header.u16(28))
        guard start <= fileByteCount, entry.compressedByteCount <= fileByteCount - start else {
            throw failure(
                "the size", "\(entry.compressedByteCount) bytes",
                "at most \(fileByteCount - min(fileByteCount, start)), which follow in the archive")
        }
        // A size that the bytes cannot have is refused before memory is taken for it.
        let (greatest, overflow) = entry.compressedByteCount.multipliedReportingOverflow(
            by: entry.method == 0 ? 1 : Self.inflationMax)
        guard overflow || entry.byteCount <= greatest, entry.byteCount <= UInt64(Int.max),
            entry.method == 8 || entry.byteCount == entry.compressedByteCount
        else {
            throw failure(
                "the size", "\(entry.byteCount) bytes",
                "what \(entry.compressedByteCount) bytes in the archive can hold")
        }
        let region = try content(entry, from: Int(start), failure)
        let crc32 = region.withBytes { CRC32.of($0) }
        guard crc32 == entry.crc32 else {
            throw failure(
                "the CRC-32", HexText.encode(crc32), "\(HexText.encode(entry.crc32)): it is damaged")
        }
        return region
    }

    private func content(
        _ entry: Entry, from start: Int, _ failure: (String, String, String) -> FileFailure
    ) throws(FileFailure) -> MemoryRegion {
        let compressed = try file.region(at: start, count: Int(entry.compressedByteCount))
        guard entry.method == 8 else { return compressed }
        let region = try MemoryRegion.zeroed(byteCount: Int(entry.byteCount), for: path)
        let fault: Inflater.Fault? = compressed.withBytes { input in
            region.withMutableBytes { output in
                do throws(Inflater.Fault) {
                    try Inflater.inflate(input, into: output)
                    return nil
                } catch {
                    return error
                }
            }
        }
        switch fault {
        case nil: return region
        case .cut: throw failure("the compressed content", "cut", "a whole one")
        case .size(let least):
            throw failure(
                "the size", "\(entry.byteCount) bytes",
                "\(least)\(least > Int(entry.byteCount) ? " or more" : ""), as its content has")
        case .malformed(let what): throw failure("the compressed content", what, "DEFLATE: it is damaged")
        }
    }
}

/// Bytes with little-endian numbers in them.
struct LittleEndianBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count }

    private func number<Value: FixedWidthInteger>(_ place: Int, as type: Value.Type) -> Value {
        bytes.withUnsafeBytes { bytes in
            precondition(
                place >= 0 && place <= bytes.count - MemoryLayout<Value>.size, "a number past the end")
            return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
        }
    }

    /// The number at a place that has as many bytes after it.
    func u16(_ place: Int) -> UInt16 { number(place, as: UInt16.self) }
    func u32(_ place: Int) -> UInt32 { number(place, as: UInt32.self) }
    func u64(_ place: Int) -> UInt64 { number(place, as: UInt64.self) }

    /// Whether the bytes at a place are these.
    func hasPrefix(_ prefix: [UInt8], at place: Int) -> Bool {
        bytes.count - place >= prefix.count && bytes[place..<place + prefix.count].elementsEqual(prefix)
    }
}
