import Foundation
import Glibc
import KindredDomain
import KindredSystem
import Logging

/// Where choices are kept over a restart. Calls wait for the disk.
package protocol ChoiceStore: Sendable {
    /// True: `save` throws.
    var isReadOnly: Bool { get }
    func load() throws(StateFailure) -> [ModelName: ServedVersions]
    func loadDefaultModel() throws(StateFailure) -> ModelName?
    /// Saves the choices of several models, all or none.
    func save(_ choices: [ModelName: ServedVersions]) throws(StateFailure)
    func save(defaultModel: ModelName) throws(StateFailure)
}

extension ServerStateStore: ChoiceStore {}

/// The choice of versions of each model and the default model, kept in the state folder.
///
/// The server serves whether they can be saved or not. A choice that cannot be saved is logged once and saved as soon
/// as that is possible: `retry` tries again, and opens the folder again where it could not be opened. Used on one
/// thread at a time.
package struct ModelChoices {
    /// Opens a state file, for reading alone where `readOnly` is true.
    package typealias Opening =
        @Sendable (_ path: String, _ readOnly: Bool) throws(StateFailure) -> any ChoiceStore

    /// Opens or makes `state.sqlite`.
    package static let openFile: Opening = { (path, readOnly) throws(StateFailure) in
        try ServerStateStore(path: path, readOnly: readOnly)
    }

    private static let fileName = "state.sqlite"
    /// Models that a log line names.
    private static let modelsNamedMax = 10
    /// Nanoseconds between two retries: this at first, then twice as long each time.
    private static let retryPauseMin: UInt64 = 1_000_000_000
    private static let retryPauseMax: UInt64 = 16_000_000_000

    /// The choices in the file, as far as this server knows.
    private var saved: [ModelName: ServedVersions] = [:]
    private var savedDefault: ModelName?
    /// Choices that the file does not hold yet.
    private var unsaved: [ModelName: ServedVersions] = [:]
    private var unsavedDefault: ModelName?
    /// Models with choices that `flush` has not tried to save.
    private var news: Set<ModelName> = []
    private var store: (any ChoiceStore)?
    /// Why the last write failed, or why none is possible.
    private var obstacle: String?
    private var retryAt: UInt64 = 0
    private var retryPause = Self.retryPauseMin

    private let directory: String
    private let lock: StateLock
    private let open: Opening
    private let logger: Logger

    /// Locks the folder and reads the file; makes both where they are absent. Logs where the system does not let them
    /// be made or written. Throws where another server has the folder, and where the file is not one of a server.
    package init(directory: String, logger: Logger, open: @escaping Opening = Self.openFile) throws {
        try self.init(directory: directory, lock: StateLock(folder: directory), logger: logger, open: open)
    }

    init(
        directory: String, lock: StateLock, logger: Logger, open: @escaping Opening = Self.openFile
    ) throws {
        self.directory = directory
        self.lock = lock
        self.logger = logger
        self.open = open
        obstacle = makeFolder()
        let lockObstacle = try lock.take()
        try openAtStart()
        saved = try store?.load() ?? [:]
        savedDefault = try store?.loadDefaultModel()
        if obstacle == nil, let lockObstacle {
            logger.warning(
                "the state folder cannot be locked: another server on it would overwrite what this one remembers",
                metadata: ["state": "\(directory)", "reason": "\(lockObstacle)"])
        }
        guard let obstacle else { return }
        logger.error(
            "the state folder cannot be written: choices of versions and of the default model are not remembered",
            metadata: ["state": "\(directory)", "reason": "\(obstacle)"])
    }

    private var path: String { directory + "/" + Self.fileName }

    /// Why the folder cannot be made; nil where it is there.
    private func makeFolder() -> String? {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            return nil
        } catch {
            // Again, for the system's own words.
            return mkdir(directory, 0o755) == 0
                ? nil : "the folder cannot be made (\(SystemError.text(errno)))"
        }
    }

    private mutating func openAtStart() throws(StateFailure) {
        do throws(StateFailure) {
            store = try open(path, false)
        } catch  where error.isRefusedBySystem {
            obstacle = obstacle ?? "\(error)"
            // A file that cannot be written may be readable.
            do throws(StateFailure) {
                store = try open(path, true)
            } catch  where error.isRefusedBySystem {
                return
            }
        }
    }

    /// The choice of a model's versions; nil where none is known.
    package func versions(of model: ModelName) -> ServedVersions? { unsaved[model] ?? saved[model] }

    /// The model of requests that name none; nil where none was chosen yet.
    package var defaultModel: ModelName? { unsavedDefault ?? savedDefault }

    /// Why a restart would not know the choice of a model; nil where it would.
    package func obstacle(of model: ModelName) -> String? { unsaved[model] == nil ? nil : obstacle }

    /// Takes a choice, which `flush` saves with others.
    package mutating func note(_ versions: ServedVersions, for model: ModelName) {
        unsaved[model] = versions
        news.insert(model)
    }

    /// Saves the choices taken since the last call. Logs the models whose choice cannot be saved.
    package mutating func flush() {
        guard !news.isEmpty else { return }
        let models = news.sorted()
        news = []
        guard let failure = write() else { return }
        logger.error(
            "choices of versions are not remembered: a restart will not know them",
            metadata: [
                "models": "\(models.prefix(Self.modelsNamedMax).map(\.description).joined(separator: " "))",
                "count": "\(models.count)", "reason": "\(failure)",
            ])
    }

    /// Saves the default model. Logs where that fails.
    package mutating func save(defaultModel: ModelName) {
        guard defaultModel != self.defaultModel else { return }
        unsavedDefault = defaultModel
        guard let failure = write() else { return }
        logger.error(
            "the default model is not remembered: a restart will not know it",
            metadata: ["model": "\(defaultModel)", "reason": "\(failure)"])
    }

    /// Saves the choices that could not be saved before, at most once a pause. To be called from time to time; `now`
    /// are nanoseconds of any clock that does not go back. Logs the first success.
    package mutating func retry(now: UInt64) {
        guard !unsaved.isEmpty || unsavedDefault != nil else { return }
        guard now >= retryAt else { return }
        guard openForWriting(), write() == nil else {
            retryAt = now &+ retryPause
            retryPause = min(2 * retryPause, Self.retryPauseMax)
            return
        }
        retryPause = Self.retryPauseMin
        logger.notice("the state file can be written again: all choices are remembered")
    }

    /// Opens the file for writing where that failed before. False where it fails again, or where it would overwrite
    /// choices that this server has not read.
    private mutating func openForWriting() -> Bool {
        if store?.isReadOnly == false { return true }
        if let failure = makeFolder() {
            obstacle = failure
            return false
        }
        do {
            _ = try lock.take()
            let store = try open(path, false)
            let (found, foundDefault) = (try store.load(), try store.loadDefaultModel())
            let isNew = found.isEmpty && foundDefault == nil
            guard isNew || (found == saved && foundDefault == savedDefault) else {
                obstacle =
                    "\(path): has choices that this server did not read when it started; start it again to use them"
                return false
            }
            if isNew {
                unsaved.merge(saved) { unsaved, _ in unsaved }
                unsavedDefault = unsavedDefault ?? savedDefault
            }
            self.store = store
            return true
        } catch {
            obstacle = "\(error)"
            return false
        }
    }

    /// Saves everything that is unsaved; the reason where that fails.
    private mutating func write() -> String? {
        guard let store, !store.isReadOnly else { return obstacle ?? "there is no state file" }
        do throws(StateFailure) {
            if !unsaved.isEmpty { try store.save(unsaved) }
            saved.merge(unsaved) { _, unsaved in unsaved }
            unsaved = [:]
            if let model = unsavedDefault {
                try store.save(defaultModel: model)
                savedDefault = model
                unsavedDefault = nil
            }
        } catch {
            obstacle = "\(error)"
            return obstacle
        }
        obstacle = nil
        return nil
    }
}
