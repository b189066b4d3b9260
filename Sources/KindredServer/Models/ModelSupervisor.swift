import Dispatch
import KindredDomain
import KindredModel
import NIOCore
import NIOPosix

/// Decides which versions are loaded and serve. It runs on the control thread, in turns: each turn takes one event
/// (a request, the end of a load, a look that is due), changes the models, begins the next load and publishes.
///
/// The parts: `RepositoryWatch` finds versions, `LoadSchedule` chooses the next one to load, `VersionLoads` loads it,
/// `VersionSwitcher` makes one serve and has the choice saved, `ModelPublisher` tells the event loops. The control
/// thread never waits for a load: a version is read on a thread of its own (`VersionLoad`). A switch to a loaded
/// version is made at once. A switch that needs a load starts it at once; a running load that no switch waits for is
/// cancelled and repeated later.
final class ModelSupervisor: @unchecked Sendable {
    typealias Completion = (Result<ModelSwitchResponse, RequestFailure>) -> Void

    private let thread: ControlThread
    private let publisher: ModelPublisher
    private let log: ModelLog
    private let stateLock: StateLock
    private let modelsRoot: String
    private let firstLookEnded = DispatchSemaphore(value: 0)

    // Used on the control thread alone, from here on.
    private var models: ServedModels
    private var watch: RepositoryWatch
    private var switcher: VersionSwitcher
    private var schedule = LoadSchedule()
    private var loads: VersionLoads
    private var waiting = WaitingRequests()
    private var pace = PublicationPace()
    /// Answers that are given once the changes that they report have been published.
    private var answers: [(ControlRequest, Result<ModelSwitchResponse, RequestFailure>)] = []
    /// Whether the first look has ended, so that requests may run beside a load.
    private var isServing = false

    /// Reads the choices in the state folder. Throws where another server has the folder, and where the file in it is
    /// not one of a server.
    init(configuration: ServerConfiguration, server: ServerContext) throws {
        let repository = Repository(root: configuration.modelsRoot)
        let loader = GenerationLoader(
            repository: repository,
            loader: VersionLoader(loading: configuration.loading), memory: server.memory,
            memoryCheck: MemoryCheck(probe: configuration.memory, filterMasks: server.filterMasks),
            filterMasks: server.filterMasks, logger: server.logger,
            whenLoadBegins: configuration.whenLoadBegins)
        log = ModelLog(logger: server.logger, root: configuration.modelsRoot)
        loads = VersionLoads(loader: loader, log: log)
        watch = RepositoryWatch(repository: repository, log: log)
        publisher = ModelPublisher(server: server, repository: repository)
        thread = ControlThread(
            limits: configuration.limits, watchMilliseconds: configuration.watchMilliseconds)
        modelsRoot = configuration.modelsRoot
        stateLock = StateLock(folder: configuration.stateDirectory)
        var choices = try ModelChoices(
            directory: configuration.stateDirectory, lock: stateLock, logger: server.logger)
        stateLock.describe(address: "not listening yet", models: configuration.modelsRoot)
        models = ServedModels(defaultModel: configuration.defaultModel ?? choices.defaultModel)
        if let defaultModel = models.defaultModel { choices.save(defaultModel: defaultModel) }
        switcher = VersionSwitcher(choices: choices, log: log)
    }

    /// Looks at the repository for the first time, then watches it. Blocks until every model that can serve serves;
    /// false where the supervisor was stopped before.
    func start() -> Bool {
        thread.start(work: { self.work(on: $0) }, idle: { self.idle() })
        firstLookEnded.wait()
        // Written before the signal, and never again.
        return isServing
    }

    /// Refuses the requests that wait, cancels the running load, ends the control thread and gives up the state folder.
    /// Blocks until that is done. May be called again, and before `start`.
    func stop() {
        thread.stop()
        stateLock.release()
    }

    /// Writes into the state folder where the server listens.
    func listens(at address: String) { stateLock.describe(address: address, models: modelsRoot) }

    // MARK: For any thread

    /// Every model of the repository, as of the last publication.
    var list: ModelList { publisher.list }

    var metrics: [MetricReading] { log.metrics.readings }

    /// Hands a request to the control thread, from an event loop; `completion` is called on that loop. Throws
    /// OVERLOADED where too many wait, and DRAINING.
    func submit(
        _ wish: ControlRequest.Wish, claim: RequestClaim, completion: @escaping Completion
    ) throws(RequestFailure) {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop!
        let bound = NIOLoopBound(completion, eventLoop: loop)
        let request = ControlRequest(wish: wish, claim: claim) { result in
            loop.execute { bound.value(result) }
        }
        switch thread.submit(request) {
        case .taken: return
        case .full: throw .overloaded(retryAfterMilliseconds: Limits.retryMilliseconds)
        case .stopping: throw .draining
        }
    }

    // MARK: Turns

    private func work(on turn: ControlThread.Queue.Turn) {
        switch turn {
        case .stop(let requests):
            end(requests)
            return
        case .report(let report): take(report)
        case .change(let request): begin(request)
        case .looks(let requests): look(for: requests)
        case .periodicLook: look()
        }
        dropClosedRequests()
        advance()
        chooseDefault()
        if !answers.isEmpty { publish() }
    }

    /// Publishes changes that no request waits for. Returns when to call it again, in nanoseconds.
    private func idle() -> UInt64 {
        // No request comes before the first look has ended.
        guard isServing, let dueAt = pace.dueAt else { return .max }
        if ControlThread.now < dueAt { return dueAt }
        publish()
        return .max
    }

    private func end(_ requests: [ControlRequest]) {
        loads.cancel()
        for request in requests + waiting.takeAll().map(\.request) { answer(request, .failure(.draining)) }
        publish()
        loads.waitForEnd()
        if !isServing { firstLookEnded.signal() }
    }

    // MARK: Requests

    private func answer(_ request: ControlRequest, _ result: Result<ModelSwitchResponse, RequestFailure>) {
        answers.append((request, result))
    }

    /// Begins a switch.
    private func begin(_ request: ControlRequest) {
        if request.claim.isOpen(now: ControlThread.now) {
            // A version that was published a moment ago can be switched to.
            if let name = try? models.resolve(request.model) { look(at: name) } else { look() }
        }
        proceed(with: request)
    }

    /// Begins MODEL_LOADs: one look answers all of them.
    private func look(for requests: [ControlRequest]) {
        let now = ControlThread.now
        if requests.contains(where: { $0.claim.isOpen(now: now) }) { look() }
        for request in requests { proceed(with: request) }
    }

    /// Answers a request, or has it wait for the load that it needs.
    private func proceed(with request: ControlRequest) {
        guard request.claim.isOpen(now: ControlThread.now) else { return fail(request) }
        do throws(RequestFailure) {
            let name = try models.resolve(request.model)
            guard let model = models[name] else { throw models.unknown(name) }
            switch request.wish {
            case .look(let wish):
                if wish.version != 0 {
                    if try model.needsLoad(wish.version, now: .now()) {
                        return waiting.append(request, name, version: wish.version)
                    }
                } else if !schedule.isSettled {
                    return waiting.append(request, name, version: nil)
                }
            case .change(let wish):
                let serving = model.active?.version ?? 0
                guard wish.expectedActive == 0 || wish.expectedActive == serving else {
                    throw .conflict(expected: wish.expectedActive, active: serving)
                }
                switch try model.target(of: wish.goal, now: .now()) {
                case .load(let version): return waiting.append(request, name, version: version)
                case .ready(let version, let pinned):
                    // With the claim taken, the switch is made, and no event loop reports a failure.
                    guard request.claim.take(now: ControlThread.now) else { return fail(request) }
                    makeSwitch(to: version, pinned: pinned, of: name)
                }
            }
            answer(request, .success(response(name)))
        } catch {
            answer(request, .failure(error))
        }
    }

    /// Answers a request that was cancelled or has passed its deadline.
    private func fail(_ request: ControlRequest) {
        _ = request.claim.giveUp()
        answer(request, .failure(request.claim.lateness))
    }

    private func makeSwitch(to version: UInt64?, pinned: UInt64?, of name: ModelName) {
        if let version {
            switcher.choose(version, pinned: pinned, of: name, in: &models)
        } else {
            switcher.unpin(name, in: &models)
        }
        pace.note()
    }

    private func response(_ name: ModelName) -> ModelSwitchResponse {
        switcher.choices.flush()
        let isRemembered = switcher.choices.obstacle(of: name) == nil
        return models[name]?.response(isRemembered: isRemembered)
            ?? ModelSwitchResponse(active: 0, previous: 0, pinned: 0, isRemembered: isRemembered)
    }

    /// Answers waiting requests that were cancelled or are late, and those whose model is gone.
    private func dropClosedRequests() {
        let now = ControlThread.now
        waiting.drop { entry in
            if !entry.request.claim.isOpen(now: now) {
                fail(entry.request)
                return true
            }
            guard models[entry.name] == nil else { return false }
            answer(entry.request, .failure(models.unknown(entry.name)))
            return true
        }
    }

    // MARK: Looks

    /// Looks at the whole repository.
    private func look() {
        pace.note()
        switcher.choices.retry(now: ControlThread.now)
        if let present = watch.look(at: &models, choices: switcher.choices) {
            for name in present { switcher.settle(name, in: &models) }
            schedule.looked(present)
        }
        thread.looked()
    }

    /// Looks at one model.
    private func look(at name: ModelName) {
        watch.look(at: name, of: &models)
        switcher.settle(name, in: &models)
        pace.note()
    }

    // MARK: Loads

    /// Begins the next load, where none runs. With nothing left to load, answers the requests that wait for that.
    private func advance() {
        switch schedule.next(waiting.loads, models, now: .now()) {
        case .wait: return
        case .cancel: loads.cancel()
        case .load(let target, let isAsked):
            if isAsked { models[target.name]?.ask(for: target.version, now: .now()) }
            let thread = thread
            loads.begin(target, in: &models, givesWay: isServing) { thread.report($0) }
            pace.note()
        case .done:
            for entry in waiting.takeAll() { proceed(with: entry.request) }
            if !isServing { endFirstLook() }
        }
    }

    private func endFirstLook() {
        isServing = true
        chooseDefault()
        if let missing = models.missingDefault {
            log.defaultIsMissing(missing, found: models.names.sorted())
        }
        publish()
        firstLookEnded.signal()
    }

    /// A load has ended.
    private func take(_ report: VersionLoad.Report) {
        let name = report.load.name
        var isRepeated = false
        if case .cancelled = report.outcome { isRepeated = models[name] != nil }
        schedule.ended(isRepeated: isRepeated)
        loads.end(report, in: &models)
        pace.note()
        guard models[name] != nil else { return }
        let resumed = waiting.take(of: name)
        // A switch is compared with the version that served when it was asked for; a look answers with the one that
        // serves after the load.
        for entry in resumed where entry.request.isChange { proceed(with: entry.request) }
        switcher.settle(name, in: &models)
        for entry in resumed where !entry.request.isChange { proceed(with: entry.request) }
    }

    // MARK: Publication

    private func chooseDefault() {
        guard isServing, models.defaultModel == nil else { return }
        switcher.chooseDefault(in: &models)
        if models.defaultModel != nil { pace.note() }
    }

    /// Saves the choices, tells the event loops, and gives the answers that waited for that.
    private func publish() {
        if pace.dueAt != nil {
            let startedAt = ControlThread.now
            switcher.choices.flush()
            publisher.publish(models, choices: switcher.choices, remark: watch.remark)
            pace.published(from: startedAt, to: ControlThread.now)
        }
        let answers = answers
        self.answers = []
        for (request, result) in answers {
            thread.answered(request)
            request.complete(result)
        }
    }
}
