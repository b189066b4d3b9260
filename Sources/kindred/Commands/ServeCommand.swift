import ArgumentParser
import Foundation
import KindredClient
import KindredDomain
import KindredModel
import KindredServer
import Logging
import ServiceLifecycle

/// `kindred serve`: answers requests until a signal ends it.
struct ServeCommand: AsyncParsableCommand {
    enum Loading: String, ExpressibleByArgument, CaseIterable {
        case memory
        case map
    }

    enum LogLevel: String, ExpressibleByArgument, CaseIterable {
        case debug, info, notice, warning, error

        var level: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
        }
    }

    private static let readListen = ParsedValue.address(
        "--listen", examples: "\(ParsedValue.defaultAddress) or [::1]:0")
    private static let threadsMax = 1_024
    private static let queueMilliseconds = Int(Limits.standard.queueMillisecondsMax)
    /// No request waits longer than the protocol's greatest timeout.
    private static let queueMillisecondsMax = Int(Limits.standard.timeoutMillisecondsMax)

    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the models of a repository.",
        discussion: """
            Prints "listening on HOST:PORT" when it is ready. New versions that appear in the repository take over \
            by themselves. SIGTERM, SIGINT or SIGHUP ends it once the requests in flight are answered; a second one at \
            once. SIGHUP is ignored under nohup.
            """)

    @Option(help: "The folder of all models.")
    var models: String
    @Option(
        help: "Where to listen; port 0 picks a free one. (default: \(ParsedValue.defaultAddress))",
        transform: Self.readListen)
    var listen = Self.readListen(ParsedValue.defaultAddress)
    @Option(
        help: "Where the server keeps what it must remember. Default: .kindred in the folder of all models.")
    var state: String?
    @Option(
        parsing: .unconditional,
        help: """
            Event loops, 1 to \(Self.threadsMax), each of which also scans. Default: one per \
            processor that it may use, or for which a container's quota gives it time.
            """,
        transform: NumberText.whole(2))
    var threads: Int?
    @Option(
        help: """
            Keep each event loop to a processor of its own, the first ones that the server may use (on), let the \
            system place them (off), or on where there is one for every such processor (auto). taskset says which \
            it may use.
            """)
    var pinLoops = LoopPlacement.auto
    @Option(
        help:
            "The model of requests that name none, remembered from then on. Default: the first that serves.",
        transform: ParsedValue.modelName("--default-model"))
    var defaultModel: ParsedValue<ModelName>?
    @Option(help: "Read vectors into memory, or map their files.")
    var load = Loading.memory
    @Option(
        help: """
            The engine that finds the rows: float32 products (blas), certified int8 codes (int8), or whichever is \
            the faster for the query (auto). All give the same answers.
            """)
    var scan = ScanMode.auto
    @Option(
        parsing: .unconditional,
        help: """
            Milliseconds that a request may have to wait for its scan, by the pace of the scans before it; one that \
            would wait longer is refused at once, as OVERLOADED. 1 to \(Self.queueMillisecondsMax). \
            (default: \(Self.queueMilliseconds))
            """,
        transform: NumberText.whole(Self.queueMilliseconds))
    var queueMs = Self.queueMilliseconds
    @Option(
        parsing: .unconditional,
        help: """
            Mebibytes of recommendations that each event loop keeps, to give them to the same requests again for as \
            long as the same versions serve; 0: every one is computed. 0 to \(Limits.answerCacheMebibytesMax). \
            (default: \(ServerConfiguration.defaultAnswerCacheMebibytes))
            """,
        transform: NumberText.whole(ServerConfiguration.defaultAnswerCacheMebibytes))
    var answerCacheMib = ServerConfiguration.defaultAnswerCacheMebibytes
    @Option(
        parsing: .unconditional,
        help: """
            Mebibytes of filters that the server keeps, of all versions and event loops together, so that a filter \
            with the same values is not evaluated again: a bit for each row and filter; 0: every filter is evaluated. \
            0 to \(Limits.filterCacheMebibytesMax). (default: \(ServerConfiguration.defaultFilterCacheMebibytes))
            """,
        transform: NumberText.whole(ServerConfiguration.defaultFilterCacheMebibytes))
    var filterCacheMib = ServerConfiguration.defaultFilterCacheMebibytes
    @Option(
        parsing: .unconditional,
        help: """
            Mebibytes of memory that the server stays within: a version that does not fit beside what is loaded is \
            refused, and looked at again later. Bounds of a control group and of ulimit -v hold in any case. 1 to \
            \(Limits.memoryMebibytesMax). Default: those alone.
            """,
        transform: NumberText.whole(4_096))
    var memoryMax: Int?
    @Option(
        help: "The least level that is logged: \(LogLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel = LogLevel.info

    func validate() throws {
        _ = try listen.value
        if let threads, !(1...Self.threadsMax).contains(threads) {
            throw ValidationError("--threads \(threads): 1 to \(Self.threadsMax)")
        }
        _ = try processors
        guard (1...Self.queueMillisecondsMax).contains(queueMs) else {
            throw ValidationError("--queue-ms \(queueMs): 1 to \(Self.queueMillisecondsMax)")
        }
        guard (0...Limits.answerCacheMebibytesMax).contains(answerCacheMib) else {
            throw ValidationError(
                "--answer-cache-mib \(answerCacheMib): 0 to \(Limits.answerCacheMebibytesMax)")
        }
        guard (0...Limits.filterCacheMebibytesMax).contains(filterCacheMib) else {
            throw ValidationError(
                "--filter-cache-mib \(filterCacheMib): 0 to \(Limits.filterCacheMebibytesMax)")
        }
        if let memoryMax, !(1...Limits.memoryMebibytesMax).contains(memoryMax) {
            throw ValidationError("--memory-max \(memoryMax): 1 to \(Limits.memoryMebibytesMax)")
        }
        _ = try defaultModel?.value
    }

    private var threadCount: Int { threads ?? LoopPlacement.defaultThreadCount }

    private var processors: [Int]? {
        get throws {
            do {
                return try pinLoops.processors(
                    threadCount: threadCount, allowed: LoopPlacement.allowedProcessors)
            } catch {
                throw ValidationError(
                    """
                    --pin-loops on: event loops \(error.threadCount), processors that the server may use \
                    \(error.processorCount): ask for at most as many with --threads
                    """)
            }
        }
    }

    func run() async throws {
        let endpoint = try listen.value
        var configuration = ServerConfiguration(
            modelsRoot: models, stateDirectory: state ?? models + "/.kindred",
            threadCount: threadCount)
        configuration.processors = try processors
        configuration.host = endpoint.host
        configuration.port = endpoint.port
        configuration.defaultModel = try defaultModel?.value
        configuration.scan = scan
        configuration.limits.queueMillisecondsMax = UInt32(queueMs)
        configuration.answerCacheMebibytes = answerCacheMib
        configuration.filterCacheMebibytes = filterCacheMib
        configuration.memory = MemoryProbe(memoryMax: memoryMax.map { UInt64($0) << 20 })
        configuration.loading = load == .map ? .map : .memory
        var logger = Logger(label: "kindred") { _ in LogLineHandler(level: logLevel.level) }
        logger.logLevel = logLevel.level
        let server = try KindredServer(configuration: configuration, logger: logger)
        let signals = await ServerSignals(logger: logger)
        var silent = Logger(label: "kindred.lifecycle")
        silent.logLevel = .critical
        let group = ServiceGroup(
            services: [
                KindredService(server: server) { listener in
                    // Unbuffered: a program that starts a server waits for this line.
                    let line = "listening on \(KindredServer.address(of: listener))\n"
                    try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
                }
            ],
            gracefulShutdownSignals: [], logger: silent)
        let following = Task { await signals.follow(group) }
        defer { following.cancel() }
        try await group.run()
    }
}

extension LoopPlacement: ExpressibleByArgument {}
