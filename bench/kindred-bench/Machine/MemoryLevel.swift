/// The memory level that holds the bytes of a scan.
enum MemoryLevel: String, CaseIterable, Encodable, Sendable {
    case l1 = "L1"
    case l2 = "L2"
    case l3 = "L3"
    case dram = "DRAM"

    /// Least and greatest number of bytes for measuring memory.
    private static let dramByteCountMin = 256 << 20
    private static let dramByteCountMax = 2 << 30

    /// The smallest level that holds `byteCount` bytes, split between threads.
    static func holding(_ byteCount: Int, threads: Int, of machine: Machine) -> MemoryLevel {
        for level in [MemoryLevel.l1, .l2, .l3] {
            guard let cache = level.cache(of: machine) else { continue }
            // A private cache holds its thread's part. Of a shared cache, a virtual machine may have less than
            // reported.
            let capacity = level == .l3 ? cache.byteCount / 2 : cache.byteCount * threads
            if byteCount <= capacity { return level }
        }
        return .dram
    }

    private func cache(of machine: Machine) -> Machine.Cache? {
        switch self {
        case .l1: machine.cache(1)
        case .l2: machine.cache(2)
        case .l3: machine.cache(3)
        case .dram: nil
        }
    }

    /// Bytes for each thread to measure this level; nil where the machine does not have it.
    func probeByteCount(threads: Int, of machine: Machine) -> Int? {
        guard self != .dram else {
            let greatest = machine.caches.map(\.byteCount).max() ?? 0
            return min(max(Self.dramByteCountMin, 4 * greatest), Self.dramByteCountMax) / threads
        }
        guard let cache = cache(of: machine) else { return nil }
        guard self == .l3 else { return cache.byteCount / 2 }
        let privateBytes = machine.cache(2)?.byteCount ?? 0
        return min(max(cache.byteCount / 4 / threads, 4 * privateBytes), cache.byteCount / 2 / threads)
    }
}
