import Glibc

/// How many files and sockets the process may have open at once.
enum DescriptorLimit {
    /// What a server needs beside its connections: models, state, event loops, standard streams.
    static let reserve: UInt64 = 64

    /// Raises the limit as far as the process may; what it is then.
    static func raise() -> UInt64 {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return UInt64(limit.rlim_cur)
    }
}
