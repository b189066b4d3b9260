/// One bound on the memory of this process, and how much of it is in use.
package struct MemoryBound: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// `--memory-max`.
        case option
        /// `memory.max` of a control group, or of one above it: the folder that it was read from.
        case controlGroup(String)
        /// `ulimit -v`: addresses count, whether they are memory or not.
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
