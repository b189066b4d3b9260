import CKindredKernels

/// CRC-32 as in zlib, for frame headers and audience checksums.
package struct CRC32: Sendable, Equatable {
    /// The checksum of all bytes so far; 0 at first.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = kindred_crc32(value, bytes.baseAddress, bytes.count)
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        kindred_crc32(0, bytes.baseAddress, bytes.count)
    }
}

/// CRC-32C (Castagnoli), for model files. Detects corruption, not tampering.
package struct CRC32C: Sendable, Equatable {
    /// The checksum of all bytes so far; 0 at first.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = kindred_crc32c(value, bytes.baseAddress, bytes.count)
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        kindred_crc32c(0, bytes.baseAddress, bytes.count)
    }

    /// Appends `byteCount` bytes whose own checksum is `next`. O(log byteCount).
    ///
    /// A checksum is the remainder of a polynomial over GF(2). So the checksum of bytes followed by n other bytes is
    /// the product of their checksum with x^(8 n), plus the checksum of the other bytes.
    package mutating func append(_ next: CRC32C, byteCount: Int) {
        // Bit 31 is the coefficient of x^0, so 1 << 31 is 1 and 1 << 23 is x^8.
        var shift: UInt32 = 1 << 31
        var square: UInt32 = 1 << 23
        var bits = byteCount
        while bits > 0 {
            if bits & 1 == 1 { shift = Self.product(shift, square) }
            square = Self.product(square, square)
            bits >>= 1
        }
        value = Self.product(value, shift) ^ next.value
    }

    /// The product of two polynomials modulo the Castagnoli polynomial.
    private static func product(_ a: UInt32, _ b: UInt32) -> UInt32 {
        var (a, b, product) = (a, b, UInt32(0))
        while a != 0 {
            if a & 1 << 31 != 0 { product ^= b }
            a <<= 1
            b = b >> 1 ^ (b & 1 == 1 ? 0x82F6_3B78 : 0)
        }
        return product
    }
}
