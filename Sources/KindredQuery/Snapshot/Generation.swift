import KindredDomain
import KindredModel
import KindredSystem
import Synchronization

/// One version of a model in memory, ready to answer: vectors, ids, attributes and derived tables for scans.
///
/// Immutable. A request holds the generation it was planned on until its last scan. When the last reference goes, the
/// sides are handed to `release`, so that freeing their memory does not hold up the thread that was last.
///
/// Each event loop works with a replica: objects of its own over the same memory. A request counts references to a
/// dozen objects of its generation, and threads that count references to the same objects wait for each other.
package final class Generation: Sendable {
    /// Unique in this process; replicas share it.
    package let identity: UInt64
    package let name: ModelName
    package let version: UInt64
    package let fingerprint: [UInt8]
    package let trainingID: String
    /// The similarity the vectors were trained for. Rows of a cosine model have length 1.
    package let metric: Similarity
    package let dimension: Int
    package let items: GenerationSide?
    package let users: GenerationSide?
    /// The items that each user has seen; nil where the version does not say.
    package let seen: SeenPairs?
    /// The items in the order of popularity; nil where the version has none.
    package let popularity: Popularity?
    /// What folding in needs of the items and the training's settings; nil where the version does not carry these.
    package let foldInFactors: FoldInFactors?
    /// What scorers of look-alikes need of all users; nil where the model has none.
    package let userStatistics: PopulationStatistics?
    /// The masks of filters that requests used.
    package let filterMasks: FilterMaskCache
    private let release: @Sendable (GenerationSide?, GenerationSide?) -> Void
    /// The generation that a replica was made of; nil for an original.
    private let original: Generation?

    private static let count = Atomic<UInt64>(0)

    /// A generation of a loaded version. `popularity` is made of the same version and catalog. `filterMasks` keeps the
    /// masks of its filters, beside those of other generations. `release` receives the last reference to each side.
    package init(
        version loaded: LoadedVersion, itemCatalog: CatalogColumns?, userCatalog: CatalogColumns?,
        popularity: Popularity? = nil, foldInFactors: FoldInFactors? = nil,
        filterMasks: FilterMaskStore = FilterMaskStore(byteCountMax: 0),
        release: @escaping @Sendable (GenerationSide?, GenerationSide?) -> Void
    ) throws(MemoryFailure) {
        identity = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        name = loaded.name
        version = loaded.version
        fingerprint = loaded.manifest.fingerprint
        trainingID = loaded.manifest.trainingID ?? ""
        metric = loaded.manifest.metric
        dimension = loaded.manifest.dimension
        items = try Self.side(loaded.items, loaded.itemCodes, itemCatalog)
        users = try Self.side(loaded.users, loaded.userCodes, userCatalog)
        seen = loaded.seen
        precondition(popularity.map { $0.count == loaded.items?.count } ?? true, "popularity of other items")
        self.popularity = popularity
        self.foldInFactors = foldInFactors
        userStatistics = loaded.statistics
        self.filterMasks = FilterMaskCache(store: filterMasks, generation: identity)
        self.release = release
        original = nil
    }

    /// A replica: answers every query alike, with objects of its own.
    package init(replicaOf other: Generation) {
        identity = other.identity
        // Long strings are objects too.
        name = ModelName(String(decoding: Array(other.name.description.utf8), as: UTF8.self)) ?? other.name
        version = other.version
        fingerprint = other.fingerprint
        trainingID = other.trainingID
        metric = other.metric
        dimension = other.dimension
        items = other.items.map { GenerationSide(replicaOf: $0) }
        users = other.users.map { GenerationSide(replicaOf: $0) }
        seen = other.seen.map { SeenPairs(replicaOf: $0) }
        popularity = other.popularity.map { Popularity(replicaOf: $0) }
        foldInFactors = other.foldInFactors.map { FoldInFactors(replicaOf: $0) }
        userStatistics = other.userStatistics.map { PopulationStatistics(replicaOf: $0) }
        filterMasks = FilterMaskCache(replicaOf: other.filterMasks)
        release = other.release
        original = other.original ?? other
    }

    private static func side(
        _ table: VectorTable?, _ codes: Int8Codes?, _ catalog: CatalogColumns?
    ) throws(MemoryFailure) -> GenerationSide? {
        guard let table, let codes else { return nil }
        return try GenerationSide(table: table, codes: codes, catalog: catalog)
    }

    /// A replica holds its original, which hands over the memory in the end.
    deinit {
        guard original == nil else { return }
        filterMasks.endGeneration()
        release(items, users)
    }

    /// The vectors and attributes of one side, or nil where the model has none.
    package func side(_ side: Side) -> GenerationSide? {
        switch side {
        case .items: items
        case .users: users
        }
    }
}

/// One side of a generation.
package final class GenerationSide: Sendable {
    package let table: VectorTable
    package let codes: Int8Codes
    package let catalog: CatalogColumns?
    package let tiling: Tiling
    /// The groups of its columns that requests cap.
    package let groups: GroupColumns

    package init(table: VectorTable, codes: Int8Codes, catalog: CatalogColumns?) throws(MemoryFailure) {
        self.table = table
        self.codes = codes
        self.catalog = catalog
        tiling = try Tiling(table: table)
        groups = GroupColumns()
    }

    init(replicaOf other: GenerationSide) {
        table = VectorTable(replicaOf: other.table)
        codes = Int8Codes(replicaOf: other.codes)
        catalog = other.catalog
        tiling = other.tiling
        groups = other.groups
    }
}
