import Dispatch
import KindredCatalog
import KindredDomain
import KindredModel
import KindredSystem
import NIOCore
import NIOPosix

/// Watches the repository, has what is new loaded, and decides which version serves. All of it on the control thread,
/// which waits for no load: one version at a time is read on a thread of its own. A version that is refused changes
/// nothing.
///
/// A switch whose version is loaded is made at once, whatever is being loaded meanwhile; one that needs a load has it
/// begun at once, in place of one that nobody waits for.
final class ModelSupervisor: @unchecked Sendable {
    typealias Completion = (Result<ModelSwitchResponse, RequestFailure>) -> Void

    /// A pinned version that was refused gets another look after this long, its stamp changed or not.
    private static let pinnedRetry = TimeAmount.seconds(2)
    /// A load that was cancelled ends within this; a server that is told to stop does not wait for longer.
    private static let loadEndSeconds = 2
    private static let retryMilliseconds: UInt32 = 1_000

    private let loader: GenerationLoader
    private let thread: ControlThread
    private let publisher: ModelPublisher
    private let log: ModelLog
    private let stateLock: StateLock?
    private let firstLookEnded = DispatchSemaphore(value: 0)

    /// Touched on the control thread alone, as all that follows.
    private var models: [ModelName: ServedModel] = [:]
    private var choices: ChoiceMemory
    private var defaultModel: ModelName?
    private var repositoryRemark = "" { didSet { log.repositoryIs(repositoryRemark) } }
    /// Whether requests may run beside a load.
    private var isServing = false
    private var running: VersionLoad?
    private var waiting: [WaitingRequest] = []
    /// Models that may have versions to load, the first one last.
    private var unsettled: [ModelName] = []
    /// Answers that are given once what they say has been published.
    private var answers: [(ControlRequest, Result<ModelSwitchResponse, RequestFailure>)] = []
    private var isPublished = true
    private var pace = PublicationPace()

    /// Reads what the state folder remembers. Throws where another server has the folder, and where the file in it is
    /// not one that a server wrote.
    init(configuration: ServerConfiguration, server: ServerContext) throws {
        loader = GenerationLoader(
            repository: Repository(root: configuration.modelsRoot),
            loader: VersionLoader(loading: configuration.loading), memory: server.memory,
            admission: MemoryAdmission(probe: configuration.memory), logger: server.logger,
            whenLoadBegins: configuration.whenLoadBegins)
        log = ModelLog(logger: server.logger, root: configuration.modelsRoot)
        publisher = ModelPublisher(server: server, repository: loader.repository)
        thread = ControlThread(
            limits: configuration.limits, watchMilliseconds: configuration.watchMilliseconds)
        choices = try ChoiceMemory(directory: configuration.stateDirectory, logger: server.logger)
        stateLock = choices.lock
        stateLock?.describe(address: "not listening yet", models: configuration.modelsRoot)
        defaultModel = configuration.defaultModel ?? choices.rememberedDefault
        if let defaultModel { choices.save(defaultModel: defaultModel) }
    }

    private var repository: Repository { loader.repository }

    /// Looks at the repository for the first time, then watches it. Blocks until what can serve serves.
    func start() {
        thread.start(work: { self.work(on: $0) }, idle: { self.idle() })
        firstLookEnded.wait()
    }

    /// Refuses what waits, gives up what is being loaded, ends the control thread and lets go of the state folder. May
    /// be called again.
    func stop() {
        thread.stop()
        stateLock?.release()
    }

    /// Says in the state folder where the server listens.
    func listens(at address: String) { stateLock?.describe(address: address, models: repository.root) }

    // MARK: For any thread

    /// Every model of the repository, as of the last change.
    var list: ModelList { publisher.list }

    var counters: [(String, UInt64)] { log.counters }

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
        case .full: throw .overloaded(retryAfterMilliseconds: Self.retryMilliseconds)
        case .stopping: throw .draining
        }
    }

    // MARK: On the control thread

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
        dropDead()
        advance()
        chooseDefault()
        if !answers.isEmpty { publish() }
    }

    private func idle() -> UInt64 {
        // Nobody asks before the first look has ended.
        guard isServing, !isPublished else { return .max }
        if ControlThread.now < pace.next { return pace.next }
        publish()
        return .max
    }

    private func end(_ requests: [ControlRequest]) {
        running?.cancellation.cancel()
        for request in requests + waiting.map(\.request) { answer(request, .failure(.draining)) }
        waiting = []
        publish()
        if let running, !running.wait(seconds: Self.loadEndSeconds) { log.loadGoesOn(running) }
    }

    // MARK: Requests

    private func answer(_ request: ControlRequest, _ result: Result<ModelSwitchResponse, RequestFailure>) {
        answers.append((request, result))
    }

    private func name(of request: ControlRequest) throws(RequestFailure) -> ModelName {
        guard let name = request.model ?? defaultModel else {
            throw models.isEmpty ? .noModelReady : .unknownModel("", known: knownNames)
        }
        guard models[name] != nil else { throw .unknownModel(name.description, known: knownNames) }
        return name
    }

    private var knownNames: [String] { models.keys.map(\.description) }

    /// A switch whose turn has come.
    private func begin(_ request: ControlRequest) {
        if request.claim.isOpen(now: ControlThread.now) {
            // What was published a moment ago can be switched to.
            if let name = try? name(of: request) { look(at: name) } else { look() }
        }
        proceed(with: request)
    }

    /// MODEL_LOADs whose turn has come: one look for all of them.
    private func look(for requests: [ControlRequest]) {
        let now = ControlThread.now
        if requests.contains(where: { $0.claim.isOpen(now: now) }) { look() }
        for request in requests { proceed(with: request) }
    }

    /// Does what a request asks for, or leaves it to wait for the load that this needs.
    private func proceed(with request: ControlRequest) {
        guard request.claim.isOpen(now: ControlThread.now) else {
            _ = request.claim.giveUp()
            return answer(request, .failure(request.claim.lateness))
        }
        do throws(RequestFailure) {
            let name = try name(of: request)
            switch request.wish {
            case .look(let wish):
                if wish.version != 0 {
                    guard try models[name]!.needsLoad(wish.version, now: .now()) else { break }
                    return waiting.append(WaitingRequest(request: request, name: name, version: wish.version))
                }
                guard isSettled else {
                    return waiting.append(WaitingRequest(request: request, name: name, version: nil))
                }
            case .change(let wish):
                let serving = models[name]!.active?.version ?? 0
                guard wish.expectedActive == 0 || wish.expectedActive == serving else {
                    throw .conflict(expected: wish.expectedActive, active: serving)
                }
                switch try models[name]!.target(of: wish.goal, now: .now()) {
                case .load(let version):
                    return waiting.append(WaitingRequest(request: request, name: name, version: version))
                case .ready(let version, let pinned):
                    // From here on it is done, and nobody says anything else.
                    guard request.claim.take(now: ControlThread.now) else {
                        return answer(request, .failure(request.claim.lateness))
                    }
                    if let version { choose(version, pinned: pinned, of: name) } else { unpin(name) }
                }
            }
            answer(request, .success(response(name)))
        } catch {
            answer(request, .failure(error))
        }
    }

    private func response(_ name: ModelName) -> ModelSwitchResponse {
        choices.flush()
        return models[name]!.response(isRemembered: choices.obstacle(of: name) == nil)
    }

    /// Lets go of requests that nobody waits for any more, and of those whose model has gone meanwhile.
    private func dropDead() {
        let now = ControlThread.now
        waiting.removeAll { entry in
            if !entry.request.claim.isOpen(now: now) {
                _ = entry.request.claim.giveUp()
                answer(entry.request, .failure(entry.request.claim.lateness))
                return true
            }
            guard models[entry.name] == nil else { return false }
            answer(entry.request, .failure(.unknownModel(entry.name.description, known: knownNames)))
            return true
        }
    }

    // MARK: Looks

    /// One look at the repository: new models, new versions, changed files of refused ones, folders that are gone.
    private func look() {
        defer { thread.looked() }
        isPublished = false
        choices.retry()
        for name in models.keys { models[name]!.spare.look(now: .now()) }
        let names: [ModelName]
        do throws(FileFailure) {
            names = try repository.models()
            repositoryRemark = repository.remark(names)
        } catch {
            // What is known stays.
            repositoryRemark = "the folder of all models cannot be read: \(error)"
            return
        }
        var manifestsLeft = Limits.manifestsPerLookMax
        for name in names {
            if models[name] == nil {
                models[name] = ServedModel(name: name, remembered: choices.remembered[name])
            }
            look(at: name, manifestsLeft: &manifestsLeft)
        }
        let present = Set(names)
        for name in models.keys where !present.contains(name) { folderIsGone(of: name) }
        unsettled = names.reversed()
    }

    private func look(at name: ModelName) {
        var manifestsLeft = Limits.manifestsPerLookMax
        look(at: name, manifestsLeft: &manifestsLeft)
        isPublished = false
    }

    private func look(at name: ModelName, manifestsLeft: inout Int) {
        for replacement in models[name]!.look(in: repository, manifestsLeft: &manifestsLeft) {
            log.replaced(replacement, of: name)
        }
        log.folderFails(models[name]!.folderFailure, of: name)
        settle(name)
    }

    private func folderIsGone(of name: ModelName) {
        if models[name]!.isFolderGone { return }
        models[name]!.folderIsGone()
        log.folderIsGone(of: name, serving: models[name]!.active?.version)
        if models[name]!.active == nil { models[name] = nil }
    }

    // MARK: Loads

    /// Nothing is being loaded, and nothing is left to load.
    private var isSettled: Bool { running == nil && unsettled.isEmpty }

    /// Begins the next load, if there is none: what a switch waits for, what a MODEL_LOAD asks for by its number, what
    /// the last look has found. With nothing left, who waits for that is answered.
    private func advance() {
        if let running {
            let changes = waiting.filter(\.request.isChange)
            let isAwaited = changes.contains { $0.name == running.name && $0.version == running.version }
            if !isAwaited, !changes.isEmpty { running.cancellation.cancel() }
            return
        }
        let next = waiting.first { $0.request.isChange } ?? waiting.first { $0.version != nil }
        if let next, let version = next.version {
            models[next.name]?.ask(for: version, now: .now())
            return begin(version, of: next.name)
        }
        while let name = unsettled.last {
            if let version = models[name]?.nextWanted(now: .now()) { return begin(version, of: name) }
            unsettled.removeLast()
        }
        let answered = waiting
        waiting = []
        for entry in answered { proceed(with: entry.request) }
        guard !isServing else { return }
        isServing = true
        chooseDefault()
        if let defaultModel, models[defaultModel] == nil {
            log.defaultIsMissing(defaultModel, found: models.keys.sorted())
        }
        publish()
        firstLookEnded.signal()
    }

    private func begin(_ version: UInt64, of name: ModelName) {
        let load = VersionLoad(
            name: name, version: version, stamp: repository.changeStamp(of: name, version: version))
        running = load
        models[name]!.loading = version
        isPublished = false
        let memory = models[name]!.spare.memory
        let serving = models[name]!.active?.version
        let (loader, thread, isServing) = (loader, thread, isServing)
        load.start(
            givesWay: isServing,
            work: { load in
                let threads: LoadingThreads =
                    isServing ? .givingWay(load.cancellation) : .eager(load.cancellation)
                return try loader.generation(
                    load, beside: serving, with: LoadResources(threads: threads, memory: memory))
            },
            report: { thread.report($0) })
    }

    /// A load has ended.
    private func take(_ report: VersionLoad.Report) {
        let (name, version) = (report.load.name, report.load.version)
        running = nil
        isPublished = false
        guard models[name] != nil else { return }
        models[name]!.loading = nil
        // What waits for loads of other models may be what this one misses.
        let emptied = report.isPassing ? Array(models.keys) : [name]
        for other in emptied { models[other]!.spare.loadEnded() }
        switch report.outcome {
        case .loaded(let generation):
            models[name]!.take(generation, stamp: report.load.stamp)
            log.loaded(generation, report)
        case .refused(let reason, _):
            // A large version that stays damaged must not keep the disk busy.
            let pause = max(Self.pinnedRetry, .nanoseconds(20 * report.nanoseconds))
            let isKnown = models[name]!.refuse(
                version, reason: reason, stamp: report.load.stamp, retryAt: .now() + pause,
                isPassing: report.isPassing)
            log.refused(version, of: name, reason: reason, isKnown: isKnown)
        case .cancelled: if !unsettled.contains(name) { unsettled.append(name) }
        }
        let resumed = waiting.filter { $0.name == name && $0.version != nil }
        waiting.removeAll { $0.name == name && $0.version != nil }
        // A switch finds what served when it was asked for; a look finds what serves after it.
        for entry in resumed where entry.request.isChange { proceed(with: entry.request) }
        settle(name)
        for entry in resumed where !entry.request.isChange { proceed(with: entry.request) }
    }

    // MARK: What serves

    /// Lets a model's generations take over as its rules say, and lets go of those that are not needed.
    private func settle(_ name: ModelName) {
        switch models[name]!.takeOver() {
        case .nothing: models[name]!.dropUnneeded(now: .now())
        case .choose(let version): choose(version, pinned: nil, of: name)
        case .standIn(let version): standIn(version, of: name)
        }
    }

    /// Makes a version serve. The state file knows it before anybody else does: `publish` writes it first.
    private func choose(_ version: UInt64, pinned: UInt64?, of name: ModelName) {
        let after = models[name]!.switched(to: version, pinned: pinned)
        if after != models[name]!.versions { choices.note(after, for: name) }
        let replaced = models[name]!.active?.version
        models[name]!.versions = after
        models[name]!.standIn = nil
        served(version, replaced, of: name)
    }

    private func standIn(_ version: UInt64?, of name: ModelName) {
        let model = models[name]!
        let pinned = model.versions.pinned ?? 0
        if let version, model.standIn == nil {
            log.standsIn(
                version, pinned: pinned,
                reason: model.refusals[pinned]?.reason ?? "it is not in the repository", of: name)
        }
        models[name]!.standIn = version
        served(version ?? pinned, model.active?.version, of: name)
    }

    private func served(_ version: UInt64, _ replaced: UInt64?, of name: ModelName) {
        models[name]!.dropUnneeded(now: .now())
        isPublished = false
        log.serves(version, replaced: replaced, pinned: models[name]!.versions.pinned, of: name)
    }

    /// Newer versions take over again, of which there is none yet.
    private func unpin(_ name: ModelName) {
        guard models[name]!.versions.pinned != nil else { return }
        models[name]!.versions.pinned = nil
        isPublished = false
        choices.note(models[name]!.versions, for: name)
    }

    /// The model of requests that name none, where there is none yet: the first that serves. Of several at the start
    /// none is the first. Once there is one it stays, over a restart too.
    private func chooseDefault() {
        guard isServing, defaultModel == nil else { return }
        let serving = models.values.filter { $0.active != nil }
        guard serving.count == 1, let only = serving.first?.name else { return }
        defaultModel = only
        choices.save(defaultModel: only)
        isPublished = false
        log.isDefault(only)
    }

    // MARK: Publication

    /// Hands the choice of all models to the event loops and to whoever asks for the list, where they have changed, and
    /// gives the answers that waited for it.
    private func publish() {
        if !isPublished {
            let startedAt = ControlThread.now
            choices.flush()
            publisher.publish(
                models, defaultModel: defaultModel, choices: choices, remark: repositoryRemark)
            isPublished = true
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
