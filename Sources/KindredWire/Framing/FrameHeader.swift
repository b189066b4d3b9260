import KindredChecksum

/// The 32 bytes before every body.
package struct FrameHeader: Sendable, Equatable {
    /// Bytes of a header.
    package static let byteCount = 32

    /// Bytes after the header: a multiple of 8.
    package var bodyLength: UInt32
    /// The major version that the prefaces agreed on.
    package var major: UInt8
    /// `MessageType`'s number. A reply has its request's with bit 7 set.
    package var type: UInt8
    package var flags: FrameFlags
    /// 1 ... 2^53 - 1, chosen by the client in ascending order; 0: the connection itself.
    package var requestID: UInt64
    /// Request: the timeout in milliseconds, or 0. Reply: the status and the status flags.
    package var argument: UInt32

    package init(
        bodyLength: UInt32, type: UInt8, flags: FrameFlags, requestID: UInt64, argument: UInt32
    ) {
        self.bodyLength = bodyLength
        major = ProtocolVersion.major
        self.type = type
        self.flags = flags
        self.requestID = requestID
        self.argument = argument
    }

    /// Reads a header from at least `byteCount` bytes.
    ///
    /// Checks the checksum first, then the version, the flags and the length. The length is at most `bodyBytesMax`, so
    /// that a caller never buffers more.
    /// Throws `badHeaderCRC`, `wrongVersion`, `unsupportedFlag`, `badLength`, `frameTooLarge`.
    package init(decoding bytes: RawSpan, bodyBytesMax: UInt32) throws(ConnectionFailure) {
        let stated = bytes.integer(at: 28, as: UInt32.self)
        let computed = bytes.extracting(0..<28).withUnsafeBytes { CRC32.of($0) }
        guard stated == computed else { throw .badHeaderCRC(stated: stated, computed: computed) }
        major = bytes.integer(at: 4, as: UInt8.self)
        guard major == ProtocolVersion.major else { throw .wrongVersion(found: major) }
        flags = FrameFlags(rawValue: bytes.integer(at: 6, as: UInt16.self))
        guard flags.isDisjoint(with: .mandatory) else { throw .unsupportedFlag(flags.rawValue) }
        bodyLength = bytes.integer(at: 0, as: UInt32.self)
        guard bodyLength % 8 == 0 else { throw .badLength(bodyLength) }
        guard bodyLength <= bodyBytesMax else {
            throw .frameTooLarge(bytes: bodyLength, limit: bodyBytesMax)
        }
        type = bytes.integer(at: 5, as: UInt8.self)
        requestID = bytes.integer(at: 8, as: UInt64.self)
        argument = bytes.integer(at: 20, as: UInt32.self)
    }

    /// True on the last frame of this sender for this request.
    package var isEnd: Bool { flags.contains(.end) }

    /// The status of a reply, as it was sent.
    package var status: UInt16 { UInt16(truncatingIfNeeded: argument) }

    /// The status flags of a reply.
    package var statusFlags: StatusFlags { StatusFlags(rawValue: UInt16(truncatingIfNeeded: argument >> 16)) }

    /// Appends the 32 bytes.
    package func encode(into writer: inout ByteWriter) {
        let start = writer.appendZeros(Self.byteCount)
        writer.overwrite(start..<start + Self.byteCount) { write(to: $0) }
    }

    /// Writes the 32 bytes to memory.
    package func write(to memory: UnsafeMutableRawPointer) {
        memory.storeBytes(of: bodyLength.littleEndian, as: UInt32.self)
        memory.storeBytes(of: major, toByteOffset: 4, as: UInt8.self)
        memory.storeBytes(of: type, toByteOffset: 5, as: UInt8.self)
        memory.storeBytes(of: flags.rawValue.littleEndian, toByteOffset: 6, as: UInt16.self)
        memory.storeBytes(of: requestID.littleEndian, toByteOffset: 8, as: UInt64.self)
        memory.storeBytes(of: 0, toByteOffset: 16, as: UInt32.self)
        memory.storeBytes(of: argument.littleEndian, toByteOffset: 20, as: UInt32.self)
        memory.storeBytes(of: 0, toByteOffset: 24, as: UInt32.self)
        let checksum = CRC32.of(UnsafeRawBufferPointer(start: memory, count: 28))
        memory.storeBytes(of: checksum.littleEndian, toByteOffset: 28, as: UInt32.self)
    }
}

/// The flags of a frame header.
package struct FrameFlags: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// END: the last frame of this sender for this request.
    package static let end = FrameFlags(rawValue: 1)
    /// Flags that a receiver must know. Version 1 has none.
    package static let mandatory = FrameFlags(rawValue: 0xF000)
}

/// The types of frames. A reply's type is its request's with `replyBit` set.
package enum MessageType: UInt8, Sendable, CaseIterable {
    case hello = 0x01
    case ping = 0x03
    case goAway = 0x04
    case window = 0x05
    case cancel = 0x06
    case data = 0x07
    case recommend = 0x10
    case score = 0x11
    case getVectors = 0x12
    case filter = 0x13
    case lookalike = 0x20
    case modelList = 0x40
    case modelLoad = 0x41
    case modelActivate = 0x42
    case modelRollback = 0x43
    case stats = 0x45
    case health = 0x46

    /// Set in the type of every reply.
    package static let replyBit: UInt8 = 0x80
}
