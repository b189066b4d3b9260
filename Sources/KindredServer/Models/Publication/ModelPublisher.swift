import KindredDomain
import KindredModel
import KindredQuery
import NIOCore
import Synchronization

/// Hands what the control thread has decided to the event loops, and to whoever asks for the list of models.
final class ModelPublisher: Sendable {
    private let server: ServerContext
    private let repository: Repository
    private let published: Mutex<ModelList>

    init(server: ServerContext, repository: Repository) {
        self.server = server
        self.repository = repository
        published = Mutex(ModelList([], remark: "", bodyBytesMax: server.limits.bodyBytesMax))
    }

    /// Every model of the repository, as of the last change. For any thread.
    var list: ModelList { published.withLock { $0 } }

    /// Makes every loop use what has changed, and the list say it, before it returns. Not from an event loop.
    func publish(
        _ models: [ModelName: ServedModel], defaultModel: ModelName?, choices: ChoiceMemory, remark: String
    ) {
        let entries = models.compactMapValues(\.entry)
        let table = GenerationTable(
            models: entries, defaultModel: defaultModel, unready: Set(models.keys).subtracting(entries.keys))
        if !isKnown(table) { server.publish(server.store.update { $0 = table }) }
        let now = NIODeadline.now()
        let statuses = models.values.sorted { $0.name < $1.name }.map { model in
            model.status(
                isDefault: model.name == defaultModel, choiceObstacle: choices.obstacle(of: model.name),
                folderRemark: repository.remark(on: model.name), now: now)
        }
        let last = list
        let remark = Self.remark(remark, defaultModel.flatMap { models[$0] == nil ? $0 : nil })
        guard !last.isAlike(statuses, remark: remark) else { return }
        let next = ModelList(
            statuses, remark: remark, bodyBytesMax: server.limits.bodyBytesMax, after: last)
        published.withLock { $0 = next }
    }

    /// What is to be said of the repository as a whole: also that the default model is not there, which no entry of the
    /// list can say.
    private static func remark(_ remark: String, _ missingDefault: ModelName?) -> String {
        guard let missingDefault else { return remark }
        let missing =
            "the default model '\(missingDefault)' is not in the repository: requests that name no model fail"
        return remark.isEmpty ? missing : "\(remark); \(missing)"
    }

    private func isKnown(_ table: GenerationTable) -> Bool {
        let current = server.store.current
        return table.isAlike(current) && table.unready == current.unready
            && table.models.allSatisfy { current.models[$0]?.onDisk == $1.onDisk }
    }
}
