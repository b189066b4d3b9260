import KindredDomain
import KindredModel
import NIOCore

/// Runs one load at a time and takes its result into the model. Used on the control thread.
struct VersionLoads {
    /// A refused version is tried again after this pause at the earliest, if its files stay the same.
    private static let retryPauseMin = TimeAmount.seconds(2)
    /// The pause as a multiple of the time that the load took: a large version that stays damaged must not keep the
    /// disk busy.
    private static let retryPauseFactor: Int64 = 20
    /// A server that stops waits so long for a cancelled load to end.
    private static let endSeconds = 2

    private let loader: GenerationLoader
    private let log: ModelLog
    private var running: VersionLoad?

    init(loader: GenerationLoader, log: ModelLog) {
        self.loader = loader
        self.log = log
    }

    /// Begins a load, while none runs. `givesWay`: requests are answered beside it. `report` is called on the thread of
    /// the load.
    mutating func begin(
        _ target: LoadSchedule.Target, in models: inout ServedModels, givesWay: Bool,
        report: @escaping @Sendable (VersionLoad.Report) -> Void
    ) {
        let name = target.name
        let load = VersionLoad(
            name: name, version: target.version,
            stamp: loader.repository.changeStamp(of: name, version: target.version))
        running = load
        models[name]?.loading = target.version
        let memory = models[name]?.spare.memory
        let serving = models[name]?.active?.version
        let loader = loader
        load.start(
            givesWay: givesWay,
            work: { load in
                let threads: LoadingThreads =
                    givesWay ? .givingWay(load.cancellation) : .eager(load.cancellation)
                return try loader.generation(
                    load, beside: serving, with: LoadResources(threads: threads, memory: memory))
            }, report: report)
    }

    /// Cancels the running load, which then reports soon.
    func cancel() { running?.cancellation.cancel() }

    /// Waits for a load that was cancelled, for a short time. Logs where it goes on.
    func waitForEnd() {
        if let running, !running.wait(seconds: Self.endSeconds) { log.loadGoesOn(running) }
    }

    /// The running load has ended: its model, if it is still there, has the generation or the refusal afterwards.
    mutating func end(_ report: VersionLoad.Report, in models: inout ServedModels) {
        running = nil
        let (name, version, stamp) = (report.load.name, report.load.version, report.load.stamp)
        guard models[name] != nil else { return }
        models[name]?.loading = nil
        // Memory that is kept for loads of other models may be what a refused version lacks.
        let emptied = report.isPassing ? Array(models.names) : [name]
        for other in emptied { models[other]?.spare.loadEnded() }
        switch report.outcome {
        case .loaded(let generation):
            models[name]?.take(generation, stamp: stamp)
            log.loaded(generation, report)
        case .refused(let reason, _):
            let pause = max(Self.retryPauseMin, .nanoseconds(Self.retryPauseFactor * report.nanoseconds))
            let isKnown = models[name]?.refuse(
                version, reason: reason, stamp: stamp, retryAt: .now() + pause, isPassing: report.isPassing)
            log.refused(version, of: name, reason: reason, isKnown: isKnown ?? false)
        case .cancelled: break
        }
    }
}
