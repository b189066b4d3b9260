import Glibc

/// Reads the bounds on this process's memory, as they are now.
package struct MemoryProbe: Sendable {
    /// What the operator allows, in bytes; nil for no bound of that kind.
    package var memoryMax: UInt64?
    /// Bytes of addresses that the process may have; nil for any number.
    package var addressSpaceMax: UInt64?
    /// The content of a file of the system's, and nil where there is none.
    package var readFile: @Sendable (String) -> String?

    /// A probe of the system that this process runs on.
    package init(memoryMax: UInt64? = nil) {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max {
            addressSpaceMax = UInt64(limit.rlim_cur)
        }
        self.memoryMax = memoryMax
        readFile = Self.systemFile
    }

    /// All bounds that there are.
    package var bounds: [MemoryBound] {
        var bounds = ControlGroups(readFile: readFile).bounds
        let status = readFile("/proc/self/status") ?? ""
        if let memoryMax, let used = Self.kibibytes("RssAnon", of: status) {
            bounds.append(MemoryBound(source: .option, byteCount: memoryMax, used: used))
        }
        if let addressSpaceMax, let used = Self.kibibytes("VmSize", of: status) {
            bounds.append(MemoryBound(source: .addressSpace, byteCount: addressSpaceMax, used: used))
        }
        return bounds
    }

    /// Bytes of memory that this process has of its own; nil where the system does not say.
    package var ownByteCount: UInt64? {
        readFile("/proc/self/status").flatMap { Self.kibibytes("RssAnon", of: $0) }
    }

    /// The bytes of a line such as `VmSize:   1234 kB`.
    private static func kibibytes(_ name: String, of text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
            let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            guard let number, let count = UInt64(number) else { return nil }
            return count.multipliedReportingOverflow(by: 1_024).overflow ? nil : count * 1_024
        }
        return nil
    }

    /// At most so much of a file is read: those of the system are short.
    private static let fileByteCountMax = 1 << 20

    private static func systemFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < fileByteCountMax {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += chunk[..<count]
        }
        return nil
    }
}
