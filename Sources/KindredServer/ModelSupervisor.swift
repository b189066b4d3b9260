import Glibc
import KindredCatalog
import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Watches the repository, loads what is new, and decides which version serves. All of it on the control thread;
/// a version that is refused changes nothing.
final class ModelSupervisor: @unchecked Sendable {
    typealias Completion = (Result<ModelSwitchResponse, RequestFailure>) -> Void

    /// A pinned version that was refused gets another look after this long, its stamp changed or not.
    private static let pinnedRetry = TimeAmount.seconds(2)

    private let repository: Repository
    private let loader: VersionLoader
    private let state: ServerStateStore
    private let wantedDefault: ModelName?
    private let admission: MemoryAdmission
    private let server: ServerContext
    private let thread = ControlThread()
    private let logger: Logger
    /// Touched on the control thread alone, as all that follows.
    private var models: [ModelName: ServedModel] = [:]
    private var remembered: [ModelName: ServedVersions]
    private var reportedFailure: String?
    /// Whether requests may run beside a load.
    private var isServing = false
    private let published = Mutex<[ModelStatus]>([])
    private let loads = Atomic<UInt64>(0)
    private let refusals = Atomic<UInt64>(0)
    private let switches = Atomic<UInt64>(0)

    init(configuration: ServerConfiguration, server: ServerContext) throws(StateFailure) {
        repository = Repository(root: configuration.modelsRoot)
        loader = VersionLoader(loading: configuration.loading)
        wantedDefault = configuration.defaultModel
        admission = MemoryAdmission(probe: configuration.memory)
        self.server = server
        logger = server.logger
        state = try ServerStateStore(path: configuration.stateDirectory + "/state.sqlite")
        remembered = try state.load()
    }

    /// Looks at the repository for the first time, then starts to watch it. Blocks until what can serve serves.
    func start(watchMilliseconds: Int) {
        scan()
        isServing = true
        warnOfMistakes()
        thread.start(intervalMilliseconds: watchMilliseconds) {
            self.scan()
            for name in self.models.keys { self.models[name]!.spare.look(now: .now()) }
        }
    }

    /// Says what about the repository does not look meant. The server works on: either may be put right later.
    private func warnOfMistakes() {
        if let wantedDefault, models[wantedDefault] == nil {
            logger.warning(
                "the default model is not in the repository",
                metadata: [
                    "default_model": "\(wantedDefault)", "models": "\(repository.root)",
                    "found": "\(models.keys.sorted().map(\.description).joined(separator: " "))",
                ])
        }
        let versions = models.keys.filter { name in
            Repository.versionNumber(ofFolder: name.description) != nil
                && access(repository.directory(of: name) + "/" + ModelFiles.manifest, F_OK) == 0
        }
        if let version = versions.min() {
            logger.warning(
                "this looks like one model's folder: --models wants its parent",
                metadata: ["models": "\(repository.root)", "version": "\(version)"])
        }
    }

    /// Ends the control thread once it has done what it was asked.
    func stop() { thread.stop() }

    // MARK: For any thread

    /// Every model of the repository, as of the last change.
    var status: [ModelStatus] { published.withLock { $0 } }

    var counters: [(String, UInt64)] {
        [
            ("model_loads_total", loads.load(ordering: .relaxed)),
            ("model_refusals_total", refusals.load(ordering: .relaxed)),
            ("model_switches_total", switches.load(ordering: .relaxed)),
        ]
    }

    /// Looks at the repository now. `completion` is called on the event loop that asks.
    func load(_ request: ModelLoadRequest, completion: @escaping Completion) {
        onThread(completion) { supervisor throws(RequestFailure) in
            supervisor.scan()
            let model = try supervisor.model(request.model)
            if request.version != 0, model.generations[request.version] == nil {
                try supervisor.checkPresence(of: request.version, of: model)
                try supervisor.loadVersion(request.version, of: model.name)
                supervisor.takeOver(model.name)
            }
            supervisor.publish()
            return supervisor.response(model.name)
        }
    }

    /// Activates or rolls back. `completion` is called on the event loop that asks.
    func switchVersion(_ request: ModelSwitchRequest, completion: @escaping Completion) {
        onThread(completion) { supervisor throws(RequestFailure) in
            let model = try supervisor.model(request.model)
            let serving = model.active?.version ?? 0
            guard request.expectedActive == 0 || request.expectedActive == serving else {
                throw .conflict(expected: request.expectedActive, active: serving)
            }
            switch request.goal {
            case .version(let version): try supervisor.activate(version, pinned: version, of: model.name)
            case .previous:
                guard let previous = model.versions.previous else { throw .noPreviousVersion(model.name) }
                try supervisor.activate(previous, pinned: previous, of: model.name)
            case .latest:
                try supervisor.unpin(model.name)
                supervisor.scan()
            }
            return supervisor.response(model.name)
        }
    }

    private func onThread(
        _ completion: @escaping Completion,
        _ work: @escaping @Sendable (ModelSupervisor) throws(RequestFailure) -> ModelSwitchResponse
    ) {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop!
        let bound = NIOLoopBound(completion, eventLoop: loop)
        thread.submit {
            let result: Result<ModelSwitchResponse, RequestFailure>
            do throws(RequestFailure) {
                result = .success(try work(self))
            } catch {
                result = .failure(error)
            }
            loop.execute { bound.value(result) }
        }
    }

    // MARK: On the control thread

    private func model(_ name: ModelName?) throws(RequestFailure) -> ServedModel {
        guard let name = name ?? defaultModel else {
            throw models.isEmpty ? .noModelReady : .unknownModel("", known: models.keys.map(\.description))
        }
        guard let model = models[name] else {
            throw .unknownModel(name.description, known: models.keys.map(\.description))
        }
        return model
    }

    /// The model of requests that name none: the one that was asked for, or the only one that serves.
    private var defaultModel: ModelName? {
        if let wantedDefault { return wantedDefault }
        let serving = models.values.filter { $0.active != nil }
        return serving.count == 1 ? serving[0].name : nil
    }

    private func response(_ name: ModelName) -> ModelSwitchResponse {
        let status = models[name]!.status(isDefault: false)
        return ModelSwitchResponse(active: status.active, previous: status.previous, pinned: status.pinned)
    }

    /// One look at the repository: new models, new versions, changed files of refused ones.
    private func scan() {
        let names: [ModelName]
        do throws(ModelFileFailure) {
            names = try repository.models()
            reportedFailure = nil
        } catch {
            // Once per reason: the watcher comes back every second.
            if reportedFailure != error.description {
                reportedFailure = error.description
                logger.error("the repository cannot be read", metadata: ["reason": "\(error)"])
            }
            return
        }
        for name in names where models[name] == nil {
            models[name] = ServedModel(name: name, remembered: remembered[name])
        }
        for name in names { scan(name) }
        publish()
    }

    private func scan(_ name: ModelName) {
        guard let versions = try? repository.versions(of: name) else { return }
        models[name]!.refusals = models[name]!.refusals.filter { versions.contains($0.key) }
        noticeReplacements(of: name, among: versions)
        // After a restart: what was chosen before, and what a rollback would go to.
        if let chosen = models[name]!.versions.active, models[name]!.generations[chosen] == nil,
            versions.contains(chosen)
        {
            try? loadVersion(chosen, of: name, isRetried: models[name]!.versions.pinned == chosen)
        }
        // The newest that is any good; older ones only where nothing serves yet.
        for version in versions.reversed() {
            let serving = models[name]!.active?.version ?? 0
            if version <= serving || models[name]!.generations[version] != nil { break }
            if (try? loadVersion(version, of: name)) != nil { break }
        }
        takeOver(name)
        if let previous = models[name]!.versions.previous, models[name]!.generations[previous] == nil,
            versions.contains(previous)
        {
            try? loadVersion(previous, of: name)
        }
        models[name]!.dropUnneeded()
    }

    /// Lets the newest generation serve, unless another one is pinned. While a pinned one cannot be loaded the newest
    /// stands in for it; the state file keeps the choice.
    private func takeOver(_ name: ModelName) {
        let model = models[name]!
        guard let newest = model.generations.keys.max() else { return }
        let serving = model.active?.version
        guard let pinned = model.versions.pinned else {
            if model.fallback != nil || newest > serving ?? 0 { try? activate(newest, pinned: nil, of: name) }
            return
        }
        let fallback: UInt64? = model.generations[pinned] == nil ? newest : nil
        guard fallback != model.fallback else { return }
        if let fallback, model.fallback == nil {
            logger.warning(
                "pinned version cannot be loaded, serving another",
                metadata: [
                    "model": "\(name)", "pinned": "\(pinned)", "version": "\(fallback)",
                    "reason": "\(model.refusals[pinned]?.reason ?? "it is not in the repository")",
                ])
        }
        models[name]!.fallback = fallback
        models[name]!.dropUnneeded()
        publish()
        reportSwitch(to: fallback ?? pinned, from: serving, of: name)
    }

    /// Finds loaded versions whose files are now those of another packing. What is loaded stays as it is.
    private func noticeReplacements(of name: ModelName, among versions: [UInt64]) {
        for (version, generation) in models[name]!.generations {
            guard versions.contains(version) else {
                // Whatever comes back under this number is compared.
                models[name]!.stamps[version] = nil
                continue
            }
            let stamp = repository.changeStamp(of: name, version: version)
            guard stamp != models[name]!.stamps[version],
                let manifest = try? Manifest.read(
                    directory: repository.directory(of: name, version: version))
            else { continue }
            models[name]!.stamps[version] = stamp
            let before = models[name]!.refusals.removeValue(forKey: version)
            if manifest.fingerprint == generation.fingerprint { continue }
            let reason =
                "the files on disk were replaced (fingerprint \(manifest.fingerprintText), loaded "
                + "\(HexText.encode(generation.fingerprint))): publish a new version instead"
            models[name]!.refusals[version] = ServedModel.Refusal(
                stamp: stamp, reason: reason, retryAt: .distantFuture)
            if before?.reason == reason { continue }
            refusals.wrappingAdd(1, ordering: .relaxed)
            logger.error(
                "a loaded version was replaced on disk",
                metadata: ["model": "\(name)", "version": "\(version)", "reason": "\(reason)"])
        }
    }

    private func checkPresence(of version: UInt64, of model: ServedModel) throws(RequestFailure) {
        let versions = (try? repository.versions(of: model.name)) ?? []
        guard versions.contains(version) else {
            throw .versionGone(requested: version, serving: model.active?.version ?? 0)
        }
    }

    /// Loads, checks and warms a version, unless it was refused and has not changed since. `isRetried`: one that was
    /// refused is tried again from time to time, changed or not.
    private func loadVersion(
        _ version: UInt64, of name: ModelName, isRetried: Bool = false
    ) throws(RequestFailure) {
        if models[name]!.generations[version] != nil { return }
        let stamp = repository.changeStamp(of: name, version: version)
        let refused = models[name]!.refusals[version]
        if let refused, refused.stamp == stamp,
            !(isRetried || refused.isPassing) || NIODeadline.now() < refused.retryAt
        {
            throw .modelCorrupt(version: version, reason: refused.reason)
        }
        let startedAt = NIODeadline.now()
        let generation: Generation
        do {
            generation = try makeGeneration(version, of: name)
        } catch {
            let isPassing = MemoryAdmission.isPassing(error)
            // Figures differ from look to look: those of the first one stand, so that it is said once.
            let isKnown = isPassing && refused?.isPassing == true && refused?.stamp == stamp
            let reason = isKnown ? refused!.reason : "\(error)"
            // What waits for loads of other models may be what this one misses.
            for other in isPassing ? Array(models.keys) : [name] { models[other]!.spare.loadEnded() }
            let now = NIODeadline.now()
            // A large version that stays damaged must not keep the disk busy.
            let pause = max(Self.pinnedRetry, .nanoseconds(20 * (now - startedAt).nanoseconds))
            models[name]!.refusals[version] = ServedModel.Refusal(
                stamp: stamp, reason: reason, retryAt: now + pause, isPassing: isPassing)
            if refused == nil || refused?.stamp != stamp || refused?.reason != reason {
                refusals.wrappingAdd(1, ordering: .relaxed)
                logger.error(
                    "version refused",
                    metadata: ["model": "\(name)", "version": "\(version)", "reason": "\(reason)"])
                publishStatus()
            }
            throw .modelCorrupt(version: version, reason: reason)
        }
        models[name]!.stamps[version] = stamp
        models[name]!.refusals[version] = nil
        models[name]!.generations[version] = generation
        loads.wrappingAdd(1, ordering: .relaxed)
        logger.info(
            "version loaded",
            metadata: [
                "model": "\(name)", "version": "\(version)", "items": "\(generation.items?.table.count ?? 0)",
                "users": "\(generation.users?.table.count ?? 0)", "dimension": "\(generation.dimension)",
                "elapsed_ms": "\((NIODeadline.now() - startedAt).nanoseconds / 1_000_000)",
            ])
    }

    private func makeGeneration(_ version: UInt64, of name: ModelName) throws -> Generation {
        // What was read and made on the way, whether it is a version in the end or not.
        defer { server.memory.lookSoon() }
        let directory = repository.directory(of: name, version: version)
        try admission.admit(
            versionIn: directory, loading: loader.loading, spare: models[name]!.spare.memory.byteCount,
            beside: models[name]!.active?.version)
        let loaded = try loader.load(
            directory: directory, expecting: name, version: version,
            with: LoadingMeans(
                threads: isServing ? .givingWay() : .eager, memory: models[name]!.spare.memory))
        models[name]!.spare.loadEnded()
        for (side, reason) in loaded.codesBuilt.sorted(by: { $0.key.description < $1.key.description }) {
            logger.warning(
                "codes were made in memory, which every load of this version repeats",
                metadata: [
                    "model": "\(name)", "version": "\(version)", "side": "\(side)", "reason": "\(reason)",
                    "remedy": "kindred pack --reindex \(loaded.directory)",
                ])
        }
        let catalogs = try VersionCatalog.columns(of: loaded)
        let memory = server.memory
        let generation = try Generation(
            version: loaded, itemCatalog: catalogs[.items], userCatalog: catalogs[.users],
            release: { memory.giveBackModel([$0, $1].compactMap { $0 }) })
        GenerationWarmer.warm(generation)
        return generation
    }

    /// Makes a version serve: in the state file first, so that a restart agrees, then on every loop.
    private func activate(_ version: UInt64, pinned: UInt64?, of name: ModelName) throws(RequestFailure) {
        if models[name]!.generations[version] == nil {
            try checkPresence(of: version, of: models[name]!)
            try loadVersion(version, of: name)
        }
        let before = models[name]!.versions
        let after = models[name]!.switched(to: version, pinned: pinned)
        if after != before {
            do throws(StateFailure) {
                try state.save(after, for: name)
            } catch {
                throw stateFailure(error)
            }
        }
        let replaced = models[name]!.active?.version
        models[name]!.versions = after
        models[name]!.fallback = nil
        models[name]!.dropUnneeded()
        publish()
        reportSwitch(to: version, from: replaced, of: name)
    }

    private func reportSwitch(to version: UInt64, from replaced: UInt64?, of name: ModelName) {
        guard replaced != version else { return }
        switches.wrappingAdd(1, ordering: .relaxed)
        logger.info(
            "version serves",
            metadata: [
                "model": "\(name)", "version": "\(version)", "replaced": "\(replaced ?? 0)",
                "pinned": "\(models[name]!.versions.pinned ?? 0)",
            ])
    }

    private func unpin(_ name: ModelName) throws(RequestFailure) {
        var versions = models[name]!.versions
        guard versions.pinned != nil else { return }
        versions.pinned = nil
        do throws(StateFailure) {
            try state.save(versions, for: name)
        } catch {
            throw stateFailure(error)
        }
        models[name]!.versions = versions
    }

    /// A choice that cannot be remembered is not made. The log names the reason under the caller's reference.
    private func stateFailure(_ failure: StateFailure) -> RequestFailure {
        let reference = UInt64.random(in: 1...UInt64.max)
        logger.error(
            "the state file cannot be written",
            metadata: ["reason": "\(failure)", "reference": "\(String(reference, radix: 16))"])
        return .internalError(reference: reference)
    }

    /// Hands the choice of all models to the event loops and to whoever asks for the list.
    private func publish() {
        var entries: [ModelName: GenerationTable.Entry] = [:]
        for (name, model) in models { entries[name] = model.entry }
        let chosen = defaultModel
        let table = server.store.update { [entries] table in
            table.models = entries
            table.defaultModel = chosen
        }
        server.publish(table)
        publishStatus()
    }

    private func publishStatus() {
        let chosen = defaultModel
        let list = models.values.sorted { $0.name < $1.name }.map { $0.status(isDefault: $0.name == chosen) }
        published.withLock { $0 = list }
    }
}
