/// Builds zip archives as NumPy writes them, valid and malformed, for tests.
package enum ZipBytes {
    /// A member whose content is stored, or compressed already.
    package struct Member {
        package var name: String
        package var content: [UInt8]
        /// The content in the archive; nil if it is stored.
        package var deflated: [UInt8]?
        package var flags: UInt16 = 0
        package var method: UInt16?
        package var crc32: UInt32?
        /// The size that the directory names.
        package var byteCount: UInt64?
        /// Whether the directory has its sizes in 64 bits.
        package var isWide = false

        package init(_ name: String, _ content: [UInt8], deflated: [UInt8]? = nil) {
            self.name = name
            self.content = content
            self.deflated = deflated
        }
    }

    package static func file(_ members: [Member], comment: [UInt8] = [], isWide: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        func number<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { NpyBytes.bytes(value) }
        for member in members {
            let stored = member.deflated ?? member.content
            let method = member.method ?? (member.deflated == nil ? 0 : 8)
            let crc = member.crc32 ?? crc32(member.content)
            let size = member.byteCount ?? UInt64(member.content.count)
            let name = Array(member.name.utf8)
            let wide = member.isWide || size > UInt64(UInt32.max)
            let offset = bytes.count
            // The sizes of the local header are not read, as those of a stream are 0.
            bytes += [0x50, 0x4B, 3, 4] + number(UInt16(45)) + number(member.flags) + number(method)
            bytes += number(UInt32(0)) + number(crc) + number(UInt32(0)) + number(UInt32(0))
            bytes += number(UInt16(name.count)) + number(UInt16(3)) + name + [7, 7, 7] + stored
            let extra =
                wide
                ? number(UInt16(9)) + number(UInt16(1)) + [0]
                    + number(UInt16(1)) + number(UInt16(24)) + number(size) + number(UInt64(stored.count))
                    + number(UInt64(offset)) : []
            directory += [0x50, 0x4B, 1, 2] + number(UInt16(45)) + number(UInt16(45)) + number(member.flags)
            directory += number(method) + number(UInt32(0)) + number(crc)
            directory += wide ? number(UInt32.max) : number(UInt32(stored.count))
            directory += wide ? number(UInt32.max) : number(UInt32(truncatingIfNeeded: size))
            directory += number(UInt16(name.count)) + number(UInt16(extra.count)) + number(UInt16(2))
            directory +=
                [UInt8](repeating: 0, count: 8) + (wide ? number(UInt32.max) : number(UInt32(offset)))
            directory += name + extra + [9, 9]
        }
        let start = bytes.count
        bytes += directory
        if isWide {
            let record = bytes.count
            bytes += [0x50, 0x4B, 6, 6] + number(UInt64(44)) + [UInt8](repeating: 0, count: 28)
            bytes += number(UInt64(directory.count)) + number(UInt64(start))
            bytes += [0x50, 0x4B, 6, 7] + number(UInt32(0)) + number(UInt64(record)) + number(UInt32(1))
        }
        bytes += [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 8)
        bytes += isWide ? number(UInt32.max) : number(UInt32(directory.count))
        bytes += isWide ? number(UInt32.max) : number(UInt32(start))
        return bytes + number(UInt16(comment.count)) + comment
    }

    /// CRC-32, bit by bit (ISO 3309).
    package static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = ~0
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }

    /// A CSR matrix as `scipy.sparse.save_npz(..., compressed=False)` writes it. Values are ones unless they are given.
    package static func csr(
        indptr: [Int32], indices: [Int32], shape: [Int64], data: [Float]? = nil, format: String = "csr"
    ) -> [Member] {
        let values = data ?? [Float](repeating: 1, count: indices.count)
        func array(_ type: String, _ count: Int, _ bytes: [UInt8]) -> [UInt8] {
            NpyBytes.file(descr: "'\(type)'", shape: "(\(count),)", data: bytes)
        }
        return [
            Member("indices.npy", array("<i4", indices.count, indices.flatMap { NpyBytes.bytes($0) })),
            Member("indptr.npy", array("<i4", indptr.count, indptr.flatMap { NpyBytes.bytes($0) })),
            Member(
                "format.npy",
                NpyBytes.file(descr: "'|S\(format.utf8.count)'", shape: "()", data: Array(format.utf8))),
            Member("shape.npy", array("<i8", shape.count, shape.flatMap { NpyBytes.bytes($0) })),
            Member("data.npy", array("<f4", values.count, values.flatMap { NpyBytes.bytes($0.bitPattern) })),
        ]
    }
}
