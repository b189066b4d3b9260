import CKindredKernels

/// CRC-32 as every standard library has it (zlib's): frame headers and audience checksums.
package struct CRC32: Sendable, Equatable {
    /// The checksum of everything given so far.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = kindred_crc32(value, bytes.baseAddress, bytes.count)
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        kindred_crc32(0, bytes.baseAddress, bytes.count)
    }
}

/// CRC-32C (Castagnoli): the checksum of model files. Detects corruption, not tampering.
package struct CRC32C: Sendable, Equatable {
    /// The checksum of everything given so far.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = kindred_crc32c(value, bytes.baseAddress, bytes.count)
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        kindred_crc32c(0, bytes.baseAddress, bytes.count)
    }

    /// Goes on with bytes whose own checksum is known: `byteCount` of them.
    ///
    /// A checksum is the remainder of a polynomial over GF(2), so that of bytes with others after them is its product
    /// with x^(8 x byteCount), plus the checksum of those others.
    package mutating func append(_ next: CRC32C, byteCount: Int) {
        // Bit 31 is the coefficient of x^0.
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

    /// The product of two polynomials modulo Castagnoli's.
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
