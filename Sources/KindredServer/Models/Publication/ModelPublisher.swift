import KindredDomain
import KindredModel
import KindredQuery
import NIOCore
import Synchronization

/// Publishes what the control thread has decided: the table by which event loops answer, and the list of models.
final class ModelPublisher: Sendable {
    private let server: ServerContext
    private let repository: Repository
    private let published: Mutex<ModelList>

    init(server: ServerContext, repository: Repository) {
        self.server = server
        self.repository = repository
        published = Mutex(ModelList([], remark: "", bodyBytesMax: server.limits.bodyBytesMax))
    }

    /// Every model of the repository, as of the last publication. Any thread may call.
    var list: ModelList { published.withLock { $0 } }

    /// Makes every event loop use the models, and the list show them, before it returns. Not from an event loop.
    /// `remark`: what is wrong with the folder of all models.
    func publish(_ models: ServedModels, choices: ModelChoices, remark: String) {
        let table = models.table
        if !isKnown(table) { server.publish(server.store.update { $0 = table }) }
        let now = NIODeadline.now()
        let statuses = models.sorted.map { model in
            model.status(
                isDefault: model.name == models.defaultModel,
                choiceObstacle: choices.obstacle(of: model.name),
                folderRemark: repository.remark(on: model.name), now: now)
        }
        let last = list
        let remark = Self.remark(remark, missingDefault: models.missingDefault)
        guard !last.isAlike(statuses, remark: remark) else { return }
        let next = ModelList(
            statuses, remark: remark, bodyBytesMax: server.limits.bodyBytesMax, after: last)
        published.withLock { $0 = next }
    }

    /// The remark on the repository as a whole. A missing default model has no entry in the list, so this remark names
    /// it.
    private static func remark(_ remark: String, missingDefault: ModelName?) -> String {
        guard let missingDefault else { return remark }
        let missing =
            "the default model '\(missingDefault)' is not in the repository: requests that name no model fail"
        return remark.isEmpty ? missing : "\(remark); \(missing)"
    }

    /// Whether the event loops use this table already.
    private func isKnown(_ table: GenerationTable) -> Bool {
        let current = server.store.current
        return table.isAlike(current) && table.unready == current.unready
            && table.models.allSatisfy { current.models[$0]?.onDisk == $1.onDisk }
    }
}

/// Decides when changes that no request waits for are published. A value.
package struct PublicationPace {
    /// A pause, so that many refused versions in a row are published in a few lists.
    private static let pauseNanoseconds: UInt64 = 50_000_000
    /// Publishing takes at most one in so many nanoseconds.
    private static let share: UInt64 = 10

    /// Something has changed since it was published last.
    private var hasNews = false
    /// Nanoseconds: the earliest time of the next publication.
    private var earliest: UInt64 = 0

    package init() {}

    /// Something may have changed.
    package mutating func note() { hasNews = true }

    /// When to publish, in nanoseconds; nil where nothing has changed.
    package var dueAt: UInt64? { hasNews ? earliest : nil }

    /// Everything was published, between two times.
    package mutating func published(from start: UInt64, to end: UInt64) {
        hasNews = false
        earliest = end &+ max(Self.pauseNanoseconds, Self.share &* (end - min(start, end)))
    }
}
