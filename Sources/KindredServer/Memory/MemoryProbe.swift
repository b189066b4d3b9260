import Glibc

/// Reads the current bounds on the memory of this process.
package struct MemoryProbe: Sendable {
    /// `--memory-max` in bytes; nil where it is not given.
    package var memoryMax: UInt64?
    /// `ulimit -v` in bytes; nil where there is no bound.
    package var addressSpaceMax: UInt64?
    /// Reads a file of the system; nil where there is none.
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

    /// All bounds.
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

    /// Bytes of this process's own memory, without mapped files; nil where the system does not say.
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

    /// Bytes of a file that are read at most: files of the system are short.
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

/// One bound on the memory of this process, and how much of it is in use.
package struct MemoryBound: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// `--memory-max`.
        case option
        /// `memory.max` of a control group, and the folder that it was read from.
        case controlGroup(String)
        /// `ulimit -v`: a bound on addresses, whether memory stands behind them or not.
        case addressSpace
    }

    package let source: Source
    package let byteCount: UInt64
    package let used: UInt64

    package init(source: Source, byteCount: UInt64, used: UInt64) {
        self.source = source
        self.byteCount = byteCount
        self.used = used
    }

    package var free: UInt64 { byteCount - min(used, byteCount) }
}

extension MemoryBound.Source: CustomStringConvertible {
    package var description: String {
        switch self {
        case .option: "--memory-max"
        case .controlGroup(let path): "the control group \(path)"
        case .addressSpace: "ulimit -v"
        }
    }
}
