import Glibc

/// How many files and sockets the process may have open at once.
package enum DescriptorLimit {
    /// What a server keeps for models, state and standard streams; a quarter of all where they are few.
    package static let reserve: UInt64 = 64
    /// An event loop has that of its queue of events, a timer and one that wakes it.
    package static let perLoop: UInt64 = 3

    /// What a server keeps of so many beside its connections.
    package static func kept(of limit: UInt64, threads: Int) -> UInt64 {
        min(reserve, limit / 4) + perLoop * UInt64(threads)
    }

    /// The connections for which so many suffice, so that models can be read beside them; at least 1.
    package static func connectionsMax(of limit: UInt64, threads: Int) -> UInt64 {
        let kept = kept(of: limit, threads: threads)
        return limit > kept ? limit - kept : 1
    }

    /// Descriptors that a start needs beside those of its loops: signals 5, state 3, the listening socket, files of a
    /// model 2, one connection.
    package static let startReserve: UInt64 = 12

    /// Whether `count` more descriptors can be opened. Opens and closes them.
    package static func canOpen(_ count: UInt64) -> Bool {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        for _ in 0..<count {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return false }
            opened.append(descriptor)
        }
        return true
    }

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
