import KindredDomain

/// Which generations serve, as one immutable value. Every event loop holds a copy.
package struct GenerationTable: Sendable {
    /// The generations of one model that are in memory.
    package struct Entry: Sendable {
        /// The one that answers requests that ask for no version.
        package var active: Generation
        /// Others that answer requests which name their version: the previous one, newer ones held back.
        package var others: [Generation]
        /// The model's versions in the repository, ascending, in memory or not: what a refusal can point to.
        package var onDisk: [UInt64]

        package init(active: Generation, others: [Generation], onDisk: [UInt64] = []) {
            self.active = active
            self.others = others
            self.onDisk = onDisk
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

    /// The table with replicas of all generations; those that `last` has replicas of are taken from there.
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

    /// Elements of the largest side that serves: rows x dimension.
    package var elementCountMax: UInt64 {
        models.values.reduce(0) { largest, entry in
            [entry.active.items, entry.active.users].reduce(largest) { largest, side in
                max(largest, side.map { UInt64($0.table.count) * UInt64($0.table.dimension) } ?? 0)
            }
        }
    }

    /// Whether both answer the same requests, and with the same answer, other generations being other ones even where
    /// they are alike. What a refusal says does not count.
    package func isAlike(_ other: GenerationTable) -> Bool {
        guard defaultModel == other.defaultModel, models.count == other.models.count else { return false }
        return models.allSatisfy { name, entry in
            guard let found = other.models[name] else { return false }
            return entry.active.identity == found.active.identity
                && entry.others.map(\.identity) == found.others.map(\.identity)
        }
    }

    /// The generation that answers a request for a model (nil: the default) and version (0: whatever serves).
    package func generation(model: ModelName?, version: UInt64) throws(RequestFailure) -> Generation {
        guard let name = model ?? defaultModel else {
            throw models.isEmpty ? .noModelReady : .unknownModel("", known: known)
        }
        guard let entry = models[name] else {
            if model == nil { throw models.isEmpty ? .noModelReady : .defaultModelNotReady(name) }
            throw unready.contains(name) ? .noModelReady : .unknownModel(name.description, known: known)
        }
        if version == 0 || entry.active.version == version { return entry.active }
        if let other = entry.others.first(where: { $0.version == version }) { return other }
        throw .versionGone(requested: version, serving: entry.active.version, onDisk: entry.onDisk)
    }
}
