import KindredDomain
import KindredModel

/// The configuration of a server.
package struct ServerConfiguration: Sendable {
    /// The model repository's folder.
    package var modelsRoot: String
    package var host = "127.0.0.1"
    /// 0: a free port.
    package var port = Self.defaultPort
    /// Where the server keeps its own state.
    package var stateDirectory: String
    /// The number of event loops; each of them also scans.
    package var threadCount: Int
    /// The number of the processor that each of them keeps to; nil: the system places them.
    package var processors: [Int]?
    /// The model of requests that name none, from now on; nil: the saved one, or else the first that serves.
    package var defaultModel: ModelName?
    package var loading = VectorLoading.memory
    /// Which engine finds the rows of a query.
    package var scan = ScanMode.auto
    package var limits = Limits.standard
    /// Mebibytes of each event loop's cache of answers; 0: no cache.
    package var answerCacheMebibytes = Self.defaultAnswerCacheMebibytes
    /// Mebibytes of filters' results (masks) that the server keeps; 0: none.
    package var filterCacheMebibytes = Self.defaultFilterCacheMebibytes
    /// The bounds on this process's memory, within which versions must fit.
    package var memory = MemoryProbe()
    /// How often the repository is looked at.
    package var watchMilliseconds = 1_000
    /// How long requests in flight may take once the server is told to stop.
    package var drainMilliseconds: UInt32 = 30_000

    /// Called on the loading thread before a version is read. A test that needs a long load waits in it.
    package var whenLoadBegins: (@Sendable (ModelName, UInt64, Cancellation) -> Void)?

    package init(modelsRoot: String, stateDirectory: String, threadCount: Int) {
        self.modelsRoot = modelsRoot
        self.stateDirectory = stateDirectory
        self.threadCount = threadCount
    }

    /// The server's name and version, as HELLO_OK has them.
    package static let serverName = "kindred \(version)"
    package static let version = "0.1.0"
    /// Mebibytes for each event loop's kept answers where `--answer-cache-mib` is absent.
    package static let defaultAnswerCacheMebibytes = 32
    /// Mebibytes of kept masks where `--filter-cache-mib` is absent: some hundred masks of a million rows.
    package static let defaultFilterCacheMebibytes = 64
    /// The port of a server without `--listen`.
    package static let defaultPort = DefaultPort.number
    /// A piece of work holds an event loop for at most about this long.
    package static let sliceNanoseconds: UInt64 = 500_000
    /// The same for bulk work: shorter, so that a request that comes meanwhile waits less.
    package static let bulkSliceNanoseconds: UInt64 = 250_000
    /// The pause between slices: NIO polls its sockets only while no task is due. Where the pause is over before NIO
    /// has looked at its tasks, a longer one follows (`LoopWorker`).
    package static let pauseNanoseconds: Int64 = 5_000
}
