import Foundation

/// Memory that programs can still have.
enum AvailableMemory {
    /// Bytes, as /proc/meminfo says; 0 where it does not.
    static var byteCount: Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return kibibytes << 10
    }
}
