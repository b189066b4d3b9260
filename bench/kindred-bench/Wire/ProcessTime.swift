import Glibc

/// What this process has used of the processors.
enum ProcessTime {
    /// Seconds in this program and in the kernel for it, of all its threads.
    static func seconds() -> Double {
        var usage = rusage()
        // The call fails for bad arguments alone.
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_utime.inSeconds + usage.ru_stime.inSeconds
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) * 1e-6 }
}
