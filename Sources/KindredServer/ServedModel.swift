import KindredCatalog
import KindredDomain
import KindredModel
import KindredQuery
import NIOCore

/// What a server knows of one model: generations in memory, the choice between them, refused versions. A value;
/// the supervisor's thread holds it.
struct ServedModel {
    /// A version that was looked at and is no good until its files change.
    struct Refusal {
        let stamp: Repository.ChangeStamp
        let reason: String
        /// When a pinned version is worth another look though its stamp is the same: permissions are not in it.
        let retryAt: NIODeadline
        /// Whether any version is: there was no memory for it, and there may be.
        var isPassing = false
    }

    let name: ModelName
    var generations: [UInt64: Generation] = [:]
    /// What the files of each generation looked like when they were last compared with it.
    var stamps: [UInt64: Repository.ChangeStamp] = [:]
    /// The choice, as the state file remembers it. What is pinned is also active.
    var versions = ServedVersions()
    /// Serves in place of a pinned version that cannot be loaded; no choice, so never remembered.
    var fallback: UInt64?
    var refusals: [UInt64: Refusal] = [:]
    var spare = SpareModelMemory()

    init(name: ModelName, remembered: ServedVersions?) {
        self.name = name
        versions = remembered ?? ServedVersions()
        guard let pinned = versions.pinned else { return }
        versions.active = pinned
        if versions.previous == pinned { versions.previous = nil }
    }

    /// The serving generation.
    var active: Generation? { (fallback ?? versions.active).flatMap { generations[$0] } }

    /// The choice after `version` takes over. Switching to what serves keeps the previous one.
    func switched(to version: UInt64, pinned: UInt64?) -> ServedVersions {
        let serving = active?.version
        let previous = serving == version ? versions.previous : serving ?? versions.previous
        return ServedVersions(active: version, previous: previous == version ? nil : previous, pinned: pinned)
    }

    /// Lets go of generations that nobody needs: neither serving, nor chosen, nor previous, nor the newest held back.
    mutating func dropUnneeded() {
        let newest = generations.keys.max()
        generations = generations.filter { version, _ in
            version == versions.active || version == fallback || version == versions.previous
                || (version == newest && versions.pinned != nil)
        }
        stamps = stamps.filter { generations[$0.key] != nil }
    }

    /// The entry of the serving table.
    var entry: GenerationTable.Entry? {
        guard let active else { return nil }
        let others = generations.values.filter { $0.version != active.version }
        return GenerationTable.Entry(active: active, others: others.sorted { $0.version < $1.version })
    }

    func status(isDefault: Bool) -> ModelStatus {
        var status = ModelStatus(name: name)
        status.isDefault = isDefault
        status.previous = versions.previous.flatMap { generations[$0]?.version } ?? 0
        status.pinned = versions.pinned ?? 0
        status.loaded = generations.keys.sorted()
        status.refusals = refusals.sorted { $0.key < $1.key }.map {
            ModelStatus.Refusal(version: $0.key, reason: $0.value.reason)
        }
        guard let active else { return status }
        status.active = active.version
        status.dimension = UInt32(active.dimension)
        status.metric = active.metric
        status.fingerprint = active.fingerprint
        status.trainingID = active.trainingID
        if let items = active.items {
            status.itemCount = UInt64(items.table.count)
            status.itemIDKind = items.table.ids.kind
            status.itemColumns = items.catalog?.columns.map(\.name) ?? []
        }
        if let users = active.users {
            status.userCount = UInt64(users.table.count)
            status.userIDKind = users.table.ids.kind
            status.userColumns = users.catalog?.columns.map(\.name) ?? []
        }
        return status
    }
}
