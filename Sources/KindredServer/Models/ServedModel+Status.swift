import KindredDomain
import KindredQuery
import NIOCore

extension ServedModel {
    /// The model's entry in MODEL_LIST. `choiceObstacle`: why the choice cannot be saved; `folderRemark`: what is
    /// wrong with the place of the folder.
    package func status(
        isDefault: Bool, choiceObstacle: String? = nil, folderRemark: String? = nil, now: NIODeadline
    ) -> ModelStatus {
        var status = ModelStatus(name: name)
        status.isDefault = isDefault
        status.previous = previous?.version ?? 0
        status.pinned = versions.pinned ?? 0
        status.loaded = generations.keys.sorted()
        status.refusals = refusals.sorted { $0.key < $1.key }.suffix(Limits.versionsListedMax).map {
            ModelStatus.Refusal(version: $0.key, reason: $0.value.reason)
        }
        status.available = available(now: now)
        status.remark = remarks(choiceObstacle, folderRemark).joined(separator: "; ")
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
            status.itemColumnTypes = items.catalog?.columns.map(\.type) ?? []
        }
        if let users = active.users {
            status.userCount = UInt64(users.table.count)
            status.userIDKind = users.table.ids.kind
            status.userColumns = users.catalog?.columns.map(\.name) ?? []
            status.userColumnTypes = users.catalog?.columns.map(\.type) ?? []
        }
        return status
    }

    /// The newest versions on disk, and older ones that are loaded, ascending.
    private func available(now: NIODeadline) -> [AvailableVersion] {
        let next = nextWanted(now: now)
        let older = onDisk.dropLast(Limits.versionsListedMax).filter { generations[$0] != nil }
        return (older + onDisk.suffix(Limits.versionsListedMax)).map { version in
            let state: VersionState =
                if version == loading {
                    .loading
                } else if refusals[version] != nil {
                    .refused
                } else if generations[version] != nil {
                    .loaded
                } else {
                    version == next ? .waiting : .onDisk
                }
            return AvailableVersion(
                version: version, state: state,
                details: generations[version].map(VersionDetails.init(_:)) ?? manifests[version]?.details
                    ?? VersionDetails())
        }
    }

    private func remarks(_ choiceObstacle: String?, _ folderRemark: String?) -> [String] {
        var remarks: [String] = []
        if let folderRemark { remarks.append(folderRemark) }
        if let folderFailure { remarks.append("the model's folder cannot be looked into: \(folderFailure)") }
        if isFolderGone {
            remarks.append("the folder is gone: what is in memory serves until the server ends")
        }
        if let pinned = versions.pinned, generations[pinned] == nil {
            let reason =
                if let refusal = refusals[pinned] {
                    "was refused (\(refusal.reason))"
                } else {
                    isOnDisk(pinned) ? "is not loaded yet" : "is not on disk"
                }
            let instead =
                switch active?.version {
                case nil: "nothing serves"
                case versions.previous:
                    "version \(versions.previous ?? 0), which served before, serves instead"
                case let version: "version \(version ?? 0), the newest one loaded, serves instead"
                }
            remarks.append("version \(pinned) is pinned and \(reason): \(instead)")
        } else if active == nil, folderFailure == nil, folderRemark == nil {
            remarks.append(
                onDisk.isEmpty ? "the folder has no complete version" : "no version on disk is loaded")
        }
        if let choiceObstacle {
            remarks.append("the choice of versions is not remembered: \(choiceObstacle)")
        }
        return remarks
    }
}

extension VersionDetails {
    init(_ generation: Generation) {
        self.init()
        dimension = UInt32(generation.dimension)
        itemCount = UInt64(generation.items?.table.count ?? 0)
        userCount = UInt64(generation.users?.table.count ?? 0)
        itemColumns = generation.items?.catalog?.columns.map(\.name) ?? []
        userColumns = generation.users?.catalog?.columns.map(\.name) ?? []
    }
}
