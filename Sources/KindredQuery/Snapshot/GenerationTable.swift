import KindredDomain
import Synchronization

/// The generations that serve, as one immutable value. Every event loop holds a copy.
package struct GenerationTable: Sendable {
    /// The generations of one model that are in memory.
    package struct Entry: Sendable {
        /// Answers requests that name no version.
        package var active: Generation
        /// Answer requests that name their version: the previous version, and newer ones that are held back.
        package var others: [Generation]
        /// The model's versions in the repository, ascending, in memory or not; named in refusals.
        package var onDisk: [UInt64]

        package init(active: Generation, others: [Generation], onDisk: [UInt64] = []) {
            self.active = active
            self.others = others
            self.onDisk = onDisk
        }

        /// The generation that answers a request for a version (0: the active one). Nil where none does.
        package func generation(version: UInt64) -> Generation? {
            if version == 0 || active.version == version { return active }
            return others.first { $0.version == version }
        }
    }

    package let models: [ModelName: Entry]
    /// The model of requests that name none.
    package let defaultModel: ModelName?
    /// Models of the repository without a version that serves.
    package let unready: Set<ModelName>
    /// The names of all models, made once: many requests may name a model that is not there.
    private let known: NameList

    package init(
        models: [ModelName: Entry] = [:], defaultModel: ModelName? = nil, unready: Set<ModelName> = []
    ) {
        self.init(
            models: models, defaultModel: defaultModel, unready: unready,
            known: NameList(models: unready.union(models.keys)))
    }

    private init(
        models: [ModelName: Entry], defaultModel: ModelName?, unready: Set<ModelName>, known: NameList
    ) {
        self.models = models
        self.defaultModel = defaultModel
        self.unready = unready
        self.known = known
    }

    /// The table with replicas of all generations. Reuses the replicas of `last`.
    package func replicated(after last: GenerationTable) -> GenerationTable {
        let replicas = Dictionary(
            last.models.values.flatMap { [$0.active] + $0.others }.map { ($0.identity, $0) },
            uniquingKeysWith: { first, _ in first })
        func replica(_ generation: Generation) -> Generation {
            replicas[generation.identity] ?? Generation(replicaOf: generation)
        }
        return GenerationTable(
            models: models.mapValues {
                Entry(active: replica($0.active), others: $0.others.map(replica), onDisk: $0.onDisk)
            },
            defaultModel: defaultModel, unready: unready, known: known)
    }

    /// Elements (rows x dimension) of the largest side of an active generation.
    package var elementCountMax: UInt64 {
        models.values.reduce(0) { largest, entry in
            [entry.active.items, entry.active.users].reduce(largest) { largest, side in
                max(largest, side.map { UInt64($0.table.count) * UInt64($0.table.dimension) } ?? 0)
            }
        }
    }

    /// Lets go of masks that have given way.
    package func forgetEvictedMasks() {
        for entry in models.values {
            entry.active.filterMasks.forgetEvicted()
            for other in entry.others { other.filterMasks.forgetEvicted() }
        }
    }

    /// Whether both tables give the same answer to every request. Two generations count as different even where their
    /// data are equal. The text of refusals does not count.
    package func isAlike(_ other: GenerationTable) -> Bool {
        guard defaultModel == other.defaultModel, models.count == other.models.count else { return false }
        return models.allSatisfy { name, entry in
            guard let found = other.models[name] else { return false }
            return entry.active.identity == found.active.identity
                && entry.others.map(\.identity) == found.others.map(\.identity)
        }
    }

    /// The generation that answers a request for a model (nil: the default) and version (0: the active one).
    package func generation(model: ModelName?, version: UInt64) throws(RequestFailure) -> Generation {
        guard let name = model ?? defaultModel else {
            throw models.isEmpty ? .noModelReady : .unknownModel("", known: known)
        }
        guard let entry = models[name] else {
            if model == nil { throw models.isEmpty ? .noModelReady : .defaultModelNotReady(name) }
            throw unready.contains(name) ? .noModelReady : .unknownModel(name.description, known: known)
        }
        if let generation = entry.generation(version: version) { return generation }
        throw .versionGone(requested: version, serving: entry.active.version, onDisk: entry.onDisk)
    }
}

/// The only place where the serving table changes. Readers copy the table; requests never take the lock.
package final class GenerationStore: Sendable {
    private let table: Mutex<GenerationTable>

    package init(_ table: GenerationTable = GenerationTable()) { self.table = Mutex(table) }

    /// The table at this moment.
    package var current: GenerationTable { table.withLock { $0 } }

    /// Replaces the table and returns the new one. The old table's generations live on with their readers.
    package func update(_ change: @Sendable (inout GenerationTable) -> Void) -> GenerationTable {
        table.withLock { table in
            change(&table)
            return table
        }
    }
}
