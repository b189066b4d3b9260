import KindredDomain

/// What both sides send before their first frame: 16 bytes, frozen for ever.
package enum Preface {
    /// Bytes of either preface.
    package static let byteCount = 16
    /// The eight bytes both prefaces begin with, as a little-endian integer: 89 4B 4E 44 0D 0A 1A 0A.
    ///
    /// Like PNG's signature they show a transfer that changes line ends or drops the high bit.
    package static let magic: UInt64 = 0x0A1A_0A0D_444E_4B89

    /// Throws `badMagic` unless the 16 bytes of a preface begin with the magic.
    static func checkMagic(_ bytes: RawSpan) throws(ConnectionFailure) {
        let found = bytes.integer(at: 0, as: UInt64.self)
        guard found == magic else { throw .badMagic(found: found) }
    }
}
