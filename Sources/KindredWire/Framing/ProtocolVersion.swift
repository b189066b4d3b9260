#if _endian(big)
    #error("KindredWire copies columns as they stand in memory, which must be little-endian")
#endif

/// The version of the protocol that this module speaks.
package enum ProtocolVersion {
    /// Changes with the header or a parse rule.
    package static let major: UInt8 = 1
    /// Grows with every addition.
    package static let minor: UInt16 = 0
}
