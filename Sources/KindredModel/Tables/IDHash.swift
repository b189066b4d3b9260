/// A hash of an external id: the same in every version, on every CPU and in every process.
///
/// It chooses rows as if at random, so that a choice stays when a new version has the same ids. A number's hash is the
/// finalizer of SplitMix64 (Steele, Lea and Flood, 2014), a text's that of its FNV-1a hash of 64 bits. It is no defence
/// against ids that are made to collide.
package enum IDHash {
    /// The hash of a number.
    package static func of(_ number: UInt64) -> UInt64 {
        var value = number
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// The hash of a text.
    package static func of(_ text: UnsafeRawBufferPointer) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return of(value)
    }
}

/// A row with the hash of its id. Hashes decide the order, rows of equal hashes ascend.
package struct HashedRow: Comparable, Sendable {
    package let hash: UInt64
    package let row: UInt32

    package init(hash: UInt64, row: UInt32) {
        self.hash = hash
        self.row = row
    }

    package static func < (a: HashedRow, b: HashedRow) -> Bool { (a.hash, a.row) < (b.hash, b.row) }
}
