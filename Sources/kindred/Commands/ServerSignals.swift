import Glibc
import KindredServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Handles the signals that the server process receives.
struct ServerSignals {
    private static let names: [UnixSignal: String] = [
        .sigterm: "SIGTERM", .sigint: "SIGINT", .sighup: "SIGHUP", .sigusr1: "SIGUSR1", .sigusr2: "SIGUSR2",
    ]

    private let sequence: UnixSignalsSequence
    private let logger: Logger

    /// Replaces the system's default actions; `follow` acts on the signals.
    ///
    /// SIGHUP stays ignored where it already is: `nohup` starts a server that must outlive its terminal.
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

    /// Handles signals until the task is cancelled. The first one that ends the server starts a graceful shutdown; the
    /// next one ends the process at once.
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
