import KindredChecksum
import KindredDomain

/// The running CRC-32 over an audience's ids in order: 8 bytes little-endian each, or the texts' bytes.
package struct AudienceChecksum: Sendable, Equatable {
    private var crc = CRC32()

    package init() {}

    /// The checksum of all ids so far.
    package var value: UInt32 { crc.value }

    /// Takes in numeric ids.
    package mutating func update(numbers: UnsafeBufferPointer<UInt64>) {
        crc.update(UnsafeRawBufferPointer(numbers))
    }

    /// Takes in the bytes of text ids, one after another.
    package mutating func update(text: UnsafeRawBufferPointer) { crc.update(text) }

    /// Takes in a list of ids.
    package mutating func update(_ ids: IDList) {
        switch ids {
        case .numbers(let values): values.withUnsafeBufferPointer { update(numbers: $0) }
        case .text(let list): list.bytes.withUnsafeBytes { update(text: $0) }
        }
    }
}
