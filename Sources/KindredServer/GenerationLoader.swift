import KindredDomain
import KindredModel
import KindredQuery
import Logging

/// Makes a generation of a version on disk: reads, checks and warms it. Blocks for as long as that takes.
struct GenerationLoader: Sendable {
    let repository: Repository
    let loader: VersionLoader
    let memory: MemoryReclaimer
    let logger: Logger
    /// Called before a version is read.
    let whenLoadBegins: (@Sendable (ModelName, UInt64, Cancellation) -> Void)?

    /// Throws what is wrong with the version, and anything where the load is cancelled.
    func generation(_ load: VersionLoad, with means: LoadingMeans) throws -> Generation {
        whenLoadBegins?(load.name, load.version, load.cancellation)
        try means.threads.checkCancellation()
        let loaded = try loader.load(
            directory: repository.directory(of: load.name, version: load.version), expecting: load.name,
            version: load.version, with: means)
        for (side, reason) in loaded.codesBuilt.sorted(by: { $0.key.description < $1.key.description }) {
            logger.warning(
                "codes were made in memory, which every load of this version repeats",
                metadata: [
                    "model": "\(load.name)", "version": "\(load.version)", "side": "\(side)",
                    "reason": "\(reason)", "remedy": "kindred pack --reindex \(loaded.directory)",
                ])
        }
        let catalogs = try VersionCatalog.columns(of: loaded, with: means)
        let memory = memory
        let generation = try Generation(
            version: loaded, itemCatalog: catalogs[.items], userCatalog: catalogs[.users],
            release: { memory.giveBackModel([$0, $1].compactMap { $0 }) })
        try means.threads.checkCancellation()
        try GenerationWarmer.warm(generation, with: means)
        return generation
    }
}
