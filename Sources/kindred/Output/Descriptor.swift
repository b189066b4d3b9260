import Glibc

/// An errno value of a write.
struct DescriptorFault: Error {
    let code: Int32
}

/// Writes to file descriptors.
enum Descriptor {
    /// Writes all bytes, however many calls that takes.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(DescriptorFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw DescriptorFault(code: errno)
            }
        }
    }
}
