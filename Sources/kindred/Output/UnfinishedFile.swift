import Glibc

/// The file that goes when a signal ends the command: one that is not whole yet. There is one at most.
enum UnfinishedFile {
    /// A C string that is never freed: a signal may come at any time.
    nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?

    /// From here on SIGINT, SIGTERM and SIGHUP remove the file before they end the process. One that is ignored, as by
    /// `nohup`, stays ignored.
    static func set(_ file: String) {
        path = strdup(file)
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            var current = sigaction()
            sigaction(signal, nil, &current)
            let isIgnored = unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) == 1
            if isIgnored { continue }
            // Calls nothing but what a signal handler may call.
            Glibc.signal(signal) { number in
                if let path = UnfinishedFile.path { unlink(path) }
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// The file is whole, or gone.
    static func clear() { path = nil }
}
