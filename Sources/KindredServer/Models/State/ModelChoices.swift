import Foundation
import Glibc
import KindredCatalog
import KindredDomain
import KindredModel
import KindredSystem
import Logging

/// What a server remembers of operators' choices over a restart: in the state file where that can be written, and else
/// in memory alone, which it says. Touched on one thread at a time.
struct ChoiceMemory {
    /// As the state file had them when the server started.
    private(set) var remembered: [ModelName: ServedVersions] = [:]
    private(set) var rememberedDefault: ModelName?
    private var store: ServerStateStore?
    /// Held for as long as the server may write.
    private(set) var lock: StateLock?
    /// Why the last write failed, or none is possible.
    private var obstacle: String?
    /// Choices that the file does not have.
    private var unsaved: [ModelName: ServedVersions] = [:]
    private var unsavedDefault: ModelName?
    /// Some of them were never tried to be written.
    private var hasNews = false
    private let directory: String
    private let logger: Logger

    private static let fileName = "state.sqlite"
    /// Models that a log line names.
    private static let modelsNamedMax = 10

    /// Locks the folder and reads the file, making both where they are absent. Where the system lets nothing be made or
    /// written, the server remembers nothing new, and says so. Throws where another server has the folder, and where
    /// the file is not one that a server wrote.
    init(directory: String, logger: Logger) throws {
        self.directory = directory
        self.logger = logger
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            // Once more, for the system's own words.
            if mkdir(directory, 0o755) != 0 {
                obstacle = "the folder cannot be made (\(SystemError.text(errno)))"
            }
        }
        var lockObstacle: String?
        switch try StateLock.take(folder: directory) {
        case .held(let lock): self.lock = lock
        case .unavailable(let reason): lockObstacle = reason
        }
        try open()
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

    private mutating func open() throws(StateFailure) {
        let path = directory + "/" + Self.fileName
        do throws(StateFailure) {
            store = try ServerStateStore(path: path)
        } catch  where error.isRefusedBySystem {
            obstacle = obstacle ?? "\(error)"
            // What was remembered before may be readable all the same.
            do throws(StateFailure) {
                store = try ServerStateStore(path: path, readOnly: true)
            } catch  where error.isRefusedBySystem {
                return
            }
        }
        remembered = try store?.load() ?? [:]
        rememberedDefault = try store?.loadDefaultModel()
    }

    /// Why a restart would not know what was chosen for a model; nil where it would.
    func obstacle(of model: ModelName) -> String? { unsaved[model] == nil ? nil : obstacle }

    /// Takes note of a choice that `flush` writes, with others.
    mutating func note(_ versions: ServedVersions, for model: ModelName) {
        unsaved[model] = versions
        remembered[model] = versions
        hasNews = true
    }

    /// Writes what was noted. Where that cannot be written, it is said, and tried again later.
    mutating func flush() {
        guard hasNews else { return }
        hasNews = false
        guard let failure = write() else { return }
        let models = unsaved.keys.sorted()
        logger.error(
            "choices of versions are not remembered: a restart will not know them",
            metadata: [
                "models": "\(models.prefix(Self.modelsNamedMax).map(\.description).joined(separator: " "))",
                "count": "\(models.count)", "reason": "\(failure)",
            ])
    }

    /// Remembers the default model. Where it cannot be written, that is said, and tried again later.
    mutating func save(defaultModel: ModelName) {
        guard defaultModel != rememberedDefault else { return }
        unsavedDefault = defaultModel
        guard let failure = write() else { return }
        logger.error(
            "the default model is not remembered: a restart will not know it",
            metadata: ["model": "\(defaultModel)", "reason": "\(failure)"])
    }

    /// To be called from time to time: writes what could not be written before.
    mutating func retry() {
        guard store?.isReadOnly == false, !unsaved.isEmpty || unsavedDefault != nil, write() == nil else {
            return
        }
        logger.notice("the state file can be written again: all choices are remembered")
    }

    /// Writes all that is unsaved; why not, where that fails.
    private mutating func write() -> String? {
        guard let store, !store.isReadOnly else { return obstacle ?? "there is no state file" }
        do throws(StateFailure) {
            if !unsaved.isEmpty { try store.save(unsaved) }
            unsaved = [:]
            if let model = unsavedDefault {
                try store.save(defaultModel: model)
                rememberedDefault = model
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
