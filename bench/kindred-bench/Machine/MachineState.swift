import Foundation
import Glibc
import KindredTerminal

/// The load of the machine, including this measurement.
enum LoadAverage {
    /// Load average of the last minute, rounded; "unknown" where the system does not report it.
    static var lastMinute: String {
        var loads = [0.0]
        return getloadavg(&loads, 1) == 1 ? loads[0].fixed(2) : "unknown"
    }
}

/// Memory available to programs.
enum AvailableMemory {
    /// Available bytes according to /proc/meminfo; 0 where unknown.
    static var byteCount: Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return kibibytes << 10
    }
}
