import KindredDomain
import KindredQuery
import Logging
import NIOCore
import Synchronization

/// The state that all event loops share: limits, the serving generations, the queue of long scans.
final class ServerContext: Sendable {
    let limits: Limits
    let scan: ScanMode
    /// Bytes of each event loop's cache of answers; 0: no cache.
    let answerCacheByteCount: Int
    let drainMilliseconds: UInt32
    let logger: Logger
    let store = GenerationStore()
    let scans: ScanQueue
    let streams = StreamBudget()
    let connectionMemory: ConnectionMemoryBudget
    let memory: MemoryReclaimer
    /// The masks of filters, of all versions.
    let filterMasks: FilterMaskStore
    let connectionCount = Atomic<Int>(0)
    /// The number of models that serve, as of the last table that all loops use. HEALTH reads it without a lock.
    private let modelsReady = Atomic<Int>(0)
    private let startedAt = NIODeadline.now().uptimeNanoseconds

    /// Set once, before any connection is accepted; so it is read without a lock.
    nonisolated(unsafe) private(set) var workers: [LoopWorker] = []
    nonisolated(unsafe) private var modelSupervisor: ModelSupervisor?

    init(configuration: ServerConfiguration, logger: Logger) {
        limits = configuration.limits
        connectionMemory = ConnectionMemoryBudget(byteCountMax: configuration.limits.connectionBytesHeldMax)
        scan = configuration.scan
        answerCacheByteCount = configuration.answerCacheMebibytes << 20
        let memory = MemoryReclaimer()
        self.memory = memory
        filterMasks = FilterMaskStore(
            byteCountMax: configuration.filterCacheMebibytes << 20, letGo: { memory.letGo(of: $0) })
        drainMilliseconds = configuration.drainMilliseconds
        self.logger = logger
        scans = ScanQueue(limits: configuration.limits, loopCount: configuration.threadCount)
    }

    /// Completes the context, before the server listens.
    func complete(workers: [LoopWorker], supervisor: ModelSupervisor) {
        self.workers = workers
        modelSupervisor = supervisor
    }

    var supervisor: ModelSupervisor { modelSupervisor! }

    /// Makes every loop use the table before it returns. Not from an event loop.
    func publish(_ table: GenerationTable) {
        for worker in workers {
            // A loop that has shut down needs no table.
            try? worker.loop.submit { worker.use(table) }.wait()
        }
        modelsReady.store(table.models.count, ordering: .relaxed)
    }

    /// Every metric of the server.
    var readings: [MetricReading] {
        let streamed = streams.held
        let uptimeNanoseconds = NIODeadline.now().uptimeNanoseconds - startedAt
        return LoopMetrics.sum(workers.map(\.metrics)) + supervisor.metrics + [
            ServerGauges.connectionBytesHeld.reading(UInt64(max(0, connectionMemory.byteCount))),
            ServerGauges.filterBytesKept.reading(UInt64(filterMasks.byteCount)),
            ServerGauges.scansRunning.reading(UInt64(scans.runningCount)),
            ServerGauges.streamsOpen.reading(UInt64(streamed.count)),
            ServerGauges.streamBytesReserved.reading(streamed.byteCount),
            ServerGauges.uptimeMilliseconds.reading(uptimeNanoseconds / 1_000_000),
        ]
    }

    /// The reply to STATS: every metric in ascending order of names.
    var stats: StatsResponse {
        let sorted = readings.sorted { $0.description.name < $1.description.name }
        return StatsResponse(names: sorted.map(\.description.name), values: sorted.map(\.value))
    }

    func health(isDraining: Bool) -> HealthResponse {
        let ready = UInt32(modelsReady.load(ordering: .relaxed))
        return HealthResponse(
            state: isDraining ? .draining : ready == 0 ? .notReady : .serving, modelsReady: ready)
    }
}
