import Glibc
import KindredServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Takes the signals that reach a server.
struct ServerSignals {
    private static let names: [UnixSignal: String] = [
        .sigterm: "SIGTERM", .sigint: "SIGINT", .sighup: "SIGHUP", .sigusr1: "SIGUSR1", .sigusr2: "SIGUSR2",
    ]

    private let sequence: UnixSignalsSequence
    private let logger: Logger

    /// From here on the signals do what `follow` says, not what the system does.
    ///
    /// SIGHUP stays ignored where it is ignored already: `nohup` starts a server so that it outlives its terminal.
    init(logger: Logger) async {
        let trapped = Self.names.keys.filter { $0 != .sighup || !Self.isIgnored($0) }
        sequence = await UnixSignalsSequence(trapping: Array(trapped))
        self.logger = logger
    }

    private static func isIgnored(_ signal: UnixSignal) -> Bool {
        var action = sigaction()
        guard sigaction(signal.rawValue, nil, &action) == 0 else { return false }
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Follows signals until the task is cancelled: the first that ends shuts the group down, a further one ends the
    /// process at once.
    func follow(_ group: ServiceGroup) async {
        var meaning = SignalMeaning()
        for await signal in sequence {
            let name = Self.names[signal] ?? "a signal"
            switch meaning.take(name) {
            case .shutDown:
                logger.info("told to shut down", metadata: ["signal": "\(name)"])
                await group.triggerGracefulShutdown()
            case .endAtOnce:
                logger.warning(
                    "told again to shut down: ends at once, requests in flight are lost",
                    metadata: ["signal": "\(name)"])
                LogWriter.standardError.flush()
                _exit(128 + signal.rawValue)
            case .ignore:
                logger.info("a signal without a use here is ignored", metadata: ["signal": "\(name)"])
            }
        }
    }
}
