/// The client's preface: the major versions it speaks.
package struct ClientPreface: Sendable, Equatable {
    package var majorMin: UInt8
    package var majorMax: UInt8

    package init(majorMin: UInt8 = ProtocolVersion.major, majorMax: UInt8 = ProtocolVersion.major) {
        self.majorMin = majorMin
        self.majorMax = majorMax
    }

    /// Reads a preface from at least `Preface.byteCount` bytes.
    ///
    /// Throws `badMagic`. The six reserved bytes are ignored.
    package init(decoding bytes: RawSpan) throws(ConnectionFailure) {
        try Preface.checkMagic(bytes)
        majorMin = bytes.integer(at: 8, as: UInt8.self)
        majorMax = bytes.integer(at: 9, as: UInt8.self)
    }

    /// The greatest major version that both sides speak, or nil.
    package var chosenMajor: UInt8? {
        majorMin <= ProtocolVersion.major && ProtocolVersion.major <= majorMax ? ProtocolVersion.major : nil
    }

    /// Appends the 16 bytes.
    package func encode(into writer: inout ByteWriter) {
        let start = writer.appendZeros(Preface.byteCount)
        writer.store(Preface.magic, at: start)
        writer.store(majorMin, at: start + 8)
        writer.store(majorMax, at: start + 9)
    }
}
