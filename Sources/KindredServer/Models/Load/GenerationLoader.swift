import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem
import Logging

/// Makes a generation of a version on disk: reads, checks and warms it. Blocks while that takes place.
struct GenerationLoader: Sendable {
    let repository: Repository
    let loader: VersionLoader
    let memory: MemoryReclaimer
    let memoryCheck: MemoryCheck
    let filterMasks: FilterMaskStore
    let logger: Logger
    /// Called before a version is read.
    let whenLoadBegins: (@Sendable (ModelName, UInt64, Cancellation) -> Void)?

    /// Throws where the version is damaged, where it does not fit into memory, and where the load is cancelled; the
    /// error of a cancelled load says nothing about the version. `serving`: the version of the model that serves.
    func generation(
        _ load: VersionLoad, beside serving: UInt64?, with resources: LoadResources
    ) throws -> Generation {
        // A load leaves unused heap behind, whether it succeeds or not.
        defer { memory.lookSoon() }
        whenLoadBegins?(load.name, load.version, load.cancellation)
        try resources.threads.checkCancellation()
        let directory = repository.directory(of: load.name, version: load.version)
        try memoryCheck.check(
            versionIn: directory, loading: loader.loading, spare: resources.memory?.byteCount ?? 0,
            beside: serving)
        let loaded = try loader.load(
            directory: directory, expecting: load.name, version: load.version, with: resources)
        for (side, reason) in loaded.codesBuilt.sorted(by: { $0.key.description < $1.key.description }) {
            logger.warning(
                "codes were made in memory, which every load of this version repeats",
                metadata: [
                    "model": "\(load.name)", "version": "\(load.version)", "side": "\(side)",
                    "reason": "\(reason)", "remedy": "kindred pack --reindex \(loaded.directory)",
                ])
        }
        if let reason = loaded.statisticsBuilt {
            logger.info(
                "statistics of users were made in memory, which every load of this version repeats",
                metadata: [
                    "model": "\(load.name)", "version": "\(load.version)", "reason": "\(reason)",
                    "remedy": "kindred pack --reindex \(loaded.directory)",
                ])
        }
        let catalogs = try VersionCatalog.columns(of: loaded, with: resources)
        let popularity = try Popularity.of(loaded, catalog: catalogs[.items], with: resources)
        let foldInFactors = try VersionCatalog.foldInFactors(of: loaded, with: resources)
        let memory = memory
        let generation = try Generation(
            version: loaded, itemCatalog: catalogs[.items], userCatalog: catalogs[.users],
            popularity: popularity, foldInFactors: foldInFactors, filterMasks: filterMasks,
            release: { memory.giveBackModel([$0, $1].compactMap { $0 }) })
        try resources.threads.checkCancellation()
        try GenerationWarmer.warm(generation, with: resources)
        return generation
    }
}

/// Answers one query by each engine over each side of a generation before it serves, so that no request is slowed by
/// memory or code that is used for the first time.
enum GenerationWarmer {
    /// Throws where the load is cancelled.
    static func warm(_ generation: Generation, with resources: LoadResources) throws(FileFailure) {
        for side in [Side.items, .users] {
            guard let target = generation.side(side) else { continue }
            let queries = [PlannedQuery.Path.int8, .blas].map {
                PlannedQuery(
                    ranking: RankingVector(QueryVector(row: 0, of: target.table), similarity: .dot),
                    fetchCount: 10, eligibility: Eligibility(count: target.table.count), path: $0)
            }
            let batch = ScanBatch(generation: generation, target: target, queries: queries)
            let scratch = ScanScratch()
            var worker = batch.makeWorker()
            while batch.work(&worker, scratch: scratch) { try resources.threads.checkCancellation() }
            _ = batch.deposit(worker)
        }
    }
}
