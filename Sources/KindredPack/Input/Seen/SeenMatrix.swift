import KindredDomain
import KindredSystem

/// A sparse matrix of users and items in the file that `scipy.sparse.save_npz` writes: an archive with the members
/// `data`, `indices`, `indptr`, `shape` and `format`, each a `.npy`.
package struct SeenMatrix {
    /// An integer member of either width.
    private struct Integers {
        let region: MemoryRegion
        let offset: Int
        let count: Int
        /// 4 or 8 bytes an element.
        let isWide: Bool
        let isSigned: Bool

        /// The element at an index of `0 ..< count`; nil for one below 0.
        @inline(__always)
        func value(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64? {
            if isWide {
                let value = bytes.loadUnaligned(fromByteOffset: offset + index * 8, as: UInt64.self)
                return isSigned && value >> 63 != 0 ? nil : value
            }
            let value = bytes.loadUnaligned(fromByteOffset: offset + index * 4, as: UInt32.self)
            return isSigned && value >> 31 != 0 ? nil : UInt64(value)
        }

        /// The element at an index, for a message.
        func shown(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> String {
            if isWide {
                let value = bytes.loadUnaligned(fromByteOffset: offset + index * 8, as: UInt64.self)
                return isSigned ? "\(Int64(bitPattern: value))" : "\(value)"
            }
            let value = bytes.loadUnaligned(fromByteOffset: offset + index * 4, as: UInt32.self)
            return isSigned ? "\(Int32(bitPattern: value))" : "\(value)"
        }
    }

    /// The stored values, of which only zeros matter.
    private struct Values {
        let region: MemoryRegion
        let offset: Int
        let byteCountOfOne: Int
        let isFloat: Bool

        /// Whether the value at an index is 0 or -0.
        @inline(__always)
        func isZero(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bool {
            let start = offset + index * byteCountOfOne
            for place in start..<start + byteCountOfOne - 1 where bytes[place] != 0 { return false }
            let last = bytes[start + byteCountOfOne - 1]
            return last == 0 || isFloat && last == 0x80
        }
    }

    private let path: String
    private let indices: Integers
    private let pointers: Integers
    private let values: Values

    /// Entries that are stored.
    package var entryCount: Int { indices.count }

    /// Reads the members. Throws unless they are a CSR matrix of these users and items.
    package init(path: String, userCount: Int, itemCount: Int) throws(FileFailure) {
        let archive = try ZipArchive(path: path)
        self.path = path
        try Self.check(archive, userCount: userCount, itemCount: itemCount)
        func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
            FileFailure(file: path, field: field, found: found, wanted: wanted)
        }
        pointers = try Self.integers("indptr", of: archive)
        guard pointers.count == userCount + 1 else {
            throw failure(
                "the length of indptr", "\(pointers.count)",
                "\(userCount + 1), one more than the matrix has rows")
        }
        indices = try Self.integers("indices", of: archive)
        guard UInt64(indices.count) <= Limits.seenPairsMax else {
            throw failure("the number of pairs", "\(indices.count)", "at most \(Limits.seenPairsMax)")
        }
        values = try Self.values(of: archive, count: indices.count)
        try checkPointers()
    }

    /// Throws unless the matrix in an archive is a CSR matrix of these users and items. Reads two small members.
    static func check(
        _ archive: borrowing ZipArchive, userCount: Int, itemCount: Int
    ) throws(FileFailure) {
        let path = archive.path
        func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
            FileFailure(file: path, field: field, found: found, wanted: wanted)
        }
        let format = try format(of: archive)
        guard format == "csr" else {
            throw failure("the format", FileFailure.quoted(format), "\"csr\": .tocsr() converts a matrix")
        }
        let shape = try integers("shape", of: archive)
        let extents = shape.region.withBytes { bytes in (0..<shape.count).map { shape.value(bytes, $0) } }
        let wanted =
            "[\(userCount), \(itemCount)]: a row for each user, a column for each item, in the order of their ids"
        guard extents == [UInt64(userCount), UInt64(itemCount)] else {
            let shown = shape.region.withBytes { bytes in
                (0..<min(shape.count, 8)).map { shape.shown(bytes, $0) }.joined(separator: ", ")
            }
            let isTransposed = userCount != itemCount && extents == [UInt64(itemCount), UInt64(userCount)]
            throw failure("the shape", "[\(shown)]", wanted + (isTransposed ? " (.T.tocsr() turns it)" : ""))
        }
    }

    /// Calls `body` with the items, as columns of the matrix, of a user, whose row is in `0 ..< userCount`. Entries
    /// with the value 0 are left out; their number is returned. Throws for a column that the matrix does not have.
    package func items(
        ofUser user: Int, itemCount: Int, _ body: (Int) -> Void
    ) throws(FileFailure) -> Int {
        let (indices, pointers, values) = (indices, pointers, values)
        let (start, end) = pointers.region.withBytes { bytes in
            (Int(pointers.value(bytes, user) ?? 0), Int(pointers.value(bytes, user + 1) ?? 0))
        }
        var zeros = 0
        try indices.region.withBytes { (bytes) throws(FileFailure) in
            try values.region.withBytes { (valueBytes) throws(FileFailure) in
                for position in start..<end {
                    guard let column = indices.value(bytes, position), column < UInt64(itemCount) else {
                        throw FileFailure(
                            file: path, field: "indices[\(position)], in row \(user) of the matrix",
                            found: indices.shown(bytes, position), wanted: "a column, 0..<\(itemCount)")
                    }
                    if values.isZero(valueBytes, position) { zeros += 1 } else { body(Int(column)) }
                }
            }
        }
        return zeros
    }

    /// Throws unless the pointers ascend from 0 to the number of entries.
    private func checkPointers() throws(FileFailure) {
        let pointers = pointers
        try pointers.region.withBytes { (bytes) throws(FileFailure) in
            var last: UInt64 = 0
            for index in 0..<pointers.count {
                let value = pointers.value(bytes, index)
                let isLast = index == pointers.count - 1
                guard let value, index > 0 || value == 0, value >= last, value <= UInt64(indices.count),
                    !isLast || value == UInt64(indices.count)
                else {
                    throw FileFailure(
                        file: path, field: "indptr[\(index)]", found: pointers.shown(bytes, index),
                        wanted: index == 0
                            ? "0"
                            : isLast
                                ? "\(indices.count), the number of indices" : "\(last)...\(indices.count)")
                }
                last = value
            }
        }
    }

    // MARK: Members

    /// A member and the header of the array in it. Throws if the archive does not have it.
    private static func array(
        _ name: String, of archive: borrowing ZipArchive
    ) throws(FileFailure) -> (MemoryRegion, NpyHeader) {
        guard let region = try archive.content(of: name + ".npy") else {
            let names = archive.names.prefix(8).map { FileFailure.quoted($0) }.joined(separator: ", ")
            throw FileFailure(
                file: archive.path, field: "member \"\(name).npy\"", found: "absent among \(names)",
                wanted: "what scipy.sparse.save_npz writes for a CSR matrix")
        }
        return (region, try NpyHeader.read(region, file: "\(archive.path): \(name).npy"))
    }

    private static func integers(
        _ name: String, of archive: borrowing ZipArchive
    ) throws(FileFailure) -> Integers {
        let (region, header) = try array(name, of: archive)
        guard ["<i4", "<i8", "<u4", "<u8"].contains(header.type), header.shape.count == 1 else {
            throw FileFailure(
                file: archive.path, field: "the type of \(name)",
                found: "\(FileFailure.quoted(header.type)) with the shape \(header.shape)",
                wanted: "\"<i4\" or \"<i8\" with one extent")
        }
        return Integers(
            region: region, offset: header.dataOffset, count: header.elementCount,
            isWide: header.type.hasSuffix("8"), isSigned: header.type.hasPrefix("<i"))
    }

    private static func values(
        of archive: borrowing ZipArchive, count: Int
    ) throws(FileFailure) -> Values {
        let (region, header) = try array("data", of: archive)
        let type = Array(header.type.utf8)
        guard type.count == 3, "|<".utf8.contains(type[0]), "biuf".utf8.contains(type[1]),
            let size = HexText.digit(type[2]), [1, 2, 4, 8].contains(size)
        else {
            throw FileFailure(
                file: archive.path, field: "the type of data", found: FileFailure.quoted(header.type),
                wanted: "booleans, or little-endian integers or floats of at most 8 bytes")
        }
        guard header.shape == [count] else {
            throw FileFailure(
                file: archive.path, field: "the shape of data", found: "\(header.shape)",
                wanted: "[\(count)], one value for each index")
        }
        return Values(
            region: region, offset: header.dataOffset, byteCountOfOne: Int(size),
            isFloat: type[1] == UInt8(ascii: "f"))
    }

    /// The name of the format: a text of its bytes, or of 32-bit characters.
    private static func format(of archive: borrowing ZipArchive) throws(FileFailure) -> String {
        let (region, header) = try array("format", of: archive)
        let content = region.withBytes { Array($0[min(header.dataOffset, $0.count)...].prefix(64)) }
        let bytes = content.filter { $0 != 0 }
        guard header.shape.isEmpty, header.type.hasPrefix("|S") || header.type.hasPrefix("<U") else {
            throw FileFailure(
                file: archive.path, field: "the type of format", found: FileFailure.quoted(header.type),
                wanted: "a text, as scipy.sparse.save_npz writes it")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
