import Foundation
import Glibc
import KindredTerminal

/// What a process has used of the processors.
enum ProcessTime {
    /// Seconds in this program and in the kernel for it, of all its threads, to the microsecond.
    static func seconds() -> Double {
        var usage = rusage()
        // The call fails for bad arguments alone.
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_utime.inSeconds + usage.ru_stime.inSeconds
    }

    /// The same of another process, to its system's tick (10 ms); nil where the system does not say.
    static func seconds(ofProcess processID: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8) else {
            return nil
        }
        // The name before the last parenthesis may hold anything. After it, fields 12 and 13 are ticks
        // (proc(5)).
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
