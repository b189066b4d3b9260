import KindredClient
import KindredDomain
import KindredModel
import KindredPack
import KindredServer
import Logging
import NIOCore
import TestSupport

/// A server in this process, on a free port, over a repository of its own.
final class RunningServer: Sendable {
    let folder: TemporaryFolder
    let server: KindredServer
    let endpoint: Endpoint
    let configuration: ServerConfiguration
    private let listener: any Channel

    /// Starts over a folder's `models`, remembering in its `state`.
    init(
        _ folder: TemporaryFolder, threads: Int = 2, limits: Limits = .standard,
        watchMilliseconds: Int = 20,
        answerCacheMebibytes: Int = ServerConfiguration.defaultAnswerCacheMebibytes,
        drainMilliseconds: UInt32 = 5_000, memory: MemoryProbe = MemoryProbe(),
        logger: Logger = RunningServer.silent, change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws {
        self.folder = folder
        var configuration = ServerConfiguration(
            modelsRoot: folder.file("models"), stateDirectory: folder.file("state"), threadCount: threads)
        configuration.port = 0
        configuration.limits = limits
        configuration.answerCacheMebibytes = answerCacheMebibytes
        configuration.watchMilliseconds = watchMilliseconds
        configuration.memory = memory
        configuration.drainMilliseconds = drainMilliseconds
        change(&configuration)
        self.configuration = configuration
        server = try KindredServer(configuration: configuration, logger: logger)
        listener = try await server.listen()
        endpoint = Endpoint(host: "127.0.0.1", port: listener.localAddress!.port!)
    }

    /// A logger that says nothing.
    static var silent: Logger {
        var logger = Logger(label: "test") { _ in LogLineHandler(level: .critical) }
        logger.logLevel = .critical
        return logger
    }

    func stop() async { await server.shutDown(listener) }

    /// Runs `body` with a client and closes it.
    func withClient<Result>(
        connections: Int = 1, _ body: (KindredClient) async throws -> Result
    ) async throws -> Result {
        var configuration = ClientConfiguration()
        configuration.connectionsPerEndpoint = connections
        configuration.timeout = .seconds(60)
        configuration.attemptsMax = 1
        let client = KindredClient(endpoint, configuration: configuration)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }
}

extension TemporaryFolder {
    /// Packs a version of a model whose ids are 0, 3, 6, ...; its folder.
    @discardableResult
    func pack(
        _ name: String = "sample", items: [[Float]]? = nil, users: [[Float]]? = nil, metric: Similarity = .dot
    ) throws -> String {
        func input(_ side: String, _ rows: [[Float]]?) throws -> PackInput? {
            guard let rows else { return nil }
            let ids = rows.indices.map { "\($0 * 3)" }.joined(separator: "\n")
            return PackInput(
                vectors: try write("\(side).npy", NpyBytes.floats(rows)), ids: try write("\(side).txt", ids))
        }
        var packer = Packer(root: file("models"), name: ModelName(name)!, metric: metric)
        packer.items = try input("items", items)
        packer.users = try input("users", users)
        packer.trainingID = "test"
        return try packer.run().directory
    }
}
