import Foundation
import Glibc
import KindredTerminal

/// Processor time of a process.
enum ProcessTime {
    /// Seconds of all threads of this process, user and kernel, in microseconds' resolution.
    static func seconds() -> Double {
        var usage = rusage()
        // The call fails only for invalid arguments.
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_utime.inSeconds + usage.ru_stime.inSeconds
    }

    /// Seconds of another process in clock ticks' resolution; nil where unknown.
    static func seconds(ofProcess processID: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8) else {
            return nil
        }
        // The name before the last parenthesis may contain anything. Fields 12 and 13 after it are ticks (proc(5)).
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            return nil
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) * 1e-6 }
}
