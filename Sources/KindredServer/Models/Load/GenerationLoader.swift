import KindredDomain
import KindredModel
import KindredQuery
import Logging

/// Makes a generation of a version on disk: reads, checks and warms it. Blocks for as long as that takes.
struct GenerationLoader: Sendable {
    let repository: Repository
    let loader: VersionLoader
    let memory: MemoryReclaimer
    let admission: MemoryAdmission
    let logger: Logger
    /// Called before a version is read.
    let whenLoadBegins: (@Sendable (ModelName, UInt64, Cancellation) -> Void)?

    /// Throws what is wrong with the version, that it does not fit beside what is loaded (`serving`: the version of its
    /// model that serves), and anything where the load is cancelled.
    func generation(
        _ load: VersionLoad, beside serving: UInt64?, with means: LoadResources
    ) throws -> Generation {
        // What was read and made on the way, whether it is a version in the end or not.
        defer { memory.lookSoon() }
        whenLoadBegins?(load.name, load.version, load.cancellation)
        try means.threads.checkCancellation()
        let directory = repository.directory(of: load.name, version: load.version)
        try admission.admit(
            versionIn: directory, loading: loader.loading, spare: means.memory?.byteCount ?? 0,
            beside: serving)
        let loaded = try loader.load(
            directory: directory, expecting: load.name, version: load.version, with: means)
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
