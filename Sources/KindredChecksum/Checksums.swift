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
}
