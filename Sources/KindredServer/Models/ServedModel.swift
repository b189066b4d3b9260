import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem
import NIOCore

/// The choice of a model's versions, which the state file keeps over a restart.
package struct ServedVersions: Sendable, Equatable {
    /// The version that serves; nil where none has served yet.
    package var active: UInt64?
    /// The version that a rollback goes to.
    package var previous: UInt64?
    /// The version that serves until another one is chosen; nil: the newest version takes over.
    package var pinned: UInt64?

    package init(active: UInt64? = nil, previous: UInt64? = nil, pinned: UInt64? = nil) {
        self.active = active
        self.previous = previous
        self.pinned = pinned
    }
}

/// What a server knows of one model, and the rules by which versions are loaded, serve and go. A value; the control
/// thread holds it.
package struct ServedModel {
    /// A version that was looked at and is no good until its files change.
    package struct Refusal {
        let stamp: Repository.ChangeStamp
        package let reason: String
        /// When a pinned version is worth another look though its files are the same: memory may have been short.
        let retryAt: NIODeadline
        /// There was no memory for it, and there may be: any such version is worth another look by then.
        var isPassing = false
        /// The files have changed since: it is worth another look.
        var isStale = false
    }

    /// What a switch needs before it can be made.
    package enum SwitchTarget: Equatable {
        /// Nothing: `version` is loaded, or nil where nothing is and newer versions only take over again.
        case ready(version: UInt64?, pinned: UInt64?)
        /// That this version is loaded.
        case load(UInt64)
    }

    /// For how long a version that somebody asked for stays loaded, so that asking again finds it at once.
    package static let askedKept = TimeAmount.minutes(10)

    package let name: ModelName
    package internal(set) var generations: [UInt64: Generation] = [:]
    /// What the files of each generation looked like when they were last compared with it.
    var stamps: [UInt64: Repository.ChangeStamp] = [:]
    /// The choice, as the state file remembers it. What is pinned is also active.
    package var versions = ServedVersions()
    /// Serves in place of a pinned version that cannot be loaded; no choice, so never remembered.
    package var standIn: UInt64?
    package internal(set) var refusals: [UInt64: Refusal] = [:]
    /// Versions on disk, ascending, as of the last look.
    package internal(set) var onDisk: [UInt64] = []
    /// What manifests say of versions that are not loaded, and the stamps of those manifests.
    var manifests: [UInt64: (stamp: FileStamp, details: VersionDetails)] = [:]
    /// Why the folder cannot be looked into.
    var folderFailure: String?
    /// The folder is not there any more.
    var isFolderGone = false
    /// The version that is being loaded.
    var loading: UInt64?
    /// Loaded since somebody asked for it, and until when it stays.
    private var asked: (version: UInt64, until: NIODeadline)?
    var spare = SpareModelMemory()

    package init(name: ModelName, remembered: ServedVersions?) {
        self.name = name
        versions = remembered ?? ServedVersions()
        guard let pinned = versions.pinned else { return }
        versions.active = pinned
        if versions.previous == pinned { versions.previous = nil }
    }

    /// The serving generation.
    package var active: Generation? { (standIn ?? versions.active).flatMap { generations[$0] } }

    /// What a rollback would serve, where that is loaded. What stands in for a pinned version serves already.
    package var previous: Generation? {
        versions.previous.flatMap { $0 == serving ? nil : generations[$0] }
    }

    private var serving: UInt64 { active?.version ?? 0 }

    // MARK: What is loaded

    /// Whether a version on disk may be good: it was not refused, or is worth another look.
    private func isUsable(_ version: UInt64, now: NIODeadline) -> Bool {
        guard let refusal = refusals[version], !refusal.isStale else { return true }
        return (version == versions.pinned || refusal.isPassing) && now >= refusal.retryAt
    }

    private func isLoadable(_ version: UInt64, now: NIODeadline) -> Bool {
        generations[version] == nil && isOnDisk(version) && isUsable(version, now: now)
    }

    /// Whether the last look has found it.
    package func isOnDisk(_ version: UInt64) -> Bool {
        var first = 0
        var end = onDisk.count
        while first < end {
            let middle = (first + end) / 2
            if onDisk[middle] == version { return true }
            if onDisk[middle] < version { first = middle + 1 } else { end = middle }
        }
        return false
    }

    /// The version to load next, with nobody asking for one; nil where all is as it should be.
    ///
    /// First what was chosen before a restart. Where that is pinned and cannot be loaded, what served before it. Then
    /// the newest version that is any good, older ones only where nothing serves yet; last what a rollback goes to.
    package func nextWanted(now: NIODeadline) -> UInt64? {
        if let chosen = versions.active, isLoadable(chosen, now: now) { return chosen }
        if let pinned = versions.pinned, generations[pinned] == nil, let previous = versions.previous,
            isLoadable(previous, now: now)
        {
            return previous
        }
        for version in onDisk.reversed() {
            if version <= serving || generations[version] != nil { break }
            if isUsable(version, now: now) { return version }
        }
        if let previous = versions.previous, isLoadable(previous, now: now) { return previous }
        return nil
    }

    /// Lets go of generations that nobody needs: neither serving, nor chosen, nor previous, nor the newest held back,
    /// nor asked for a short while ago.
    package mutating func dropUnneeded(now: NIODeadline) {
        if let asked, now >= asked.until { self.asked = nil }
        let newest = generations.keys.max()
        generations = generations.filter { version, _ in
            version == versions.active || version == standIn || version == versions.previous
                || version == asked?.version || (version == newest && versions.pinned != nil)
        }
        stamps = stamps.filter { generations[$0.key] != nil }
    }

    /// A version was loaded, whose files looked like `stamp` before.
    package mutating func take(_ generation: Generation, stamp: Repository.ChangeStamp) {
        generations[generation.version] = generation
        stamps[generation.version] = stamp
        refusals[generation.version] = nil
        manifests[generation.version] = nil
    }

    /// A version was refused. True where it was for that reason before. Figures of a shortage of memory differ from
    /// look to look: those of the first one stand.
    package mutating func refuse(
        _ version: UInt64, reason: String, stamp: Repository.ChangeStamp, retryAt: NIODeadline,
        isPassing: Bool = false
    ) -> Bool {
        let before = refusals[version]
        let isSameShortage = isPassing && before?.isPassing == true && before?.stamp == stamp
        let known = isSameShortage ? before!.reason : reason
        refusals[version] = Refusal(stamp: stamp, reason: known, retryAt: retryAt, isPassing: isPassing)
        return before?.reason == known
    }

    /// Somebody asks for a version that has to be loaded for it.
    package mutating func ask(for version: UInt64, now: NIODeadline) {
        asked = (version, now + Self.askedKept)
    }

    // MARK: What serves

    /// What serves once the generations at hand have had their turn.
    package enum TakeOver: Equatable {
        case nothing
        /// This version is chosen, since it is the newest.
        case choose(UInt64)
        /// This one serves in place of the pinned one; nil: the pinned one itself.
        case standIn(UInt64?)
    }

    /// Lets the newest generation serve, unless another one is pinned. While a pinned one cannot be loaded, what served
    /// before it stands in, or else the newest; the choice stays.
    package func takeOver() -> TakeOver {
        guard let newest = generations.keys.max() else { return .nothing }
        guard let pinned = versions.pinned else {
            return standIn != nil || newest > serving ? .choose(newest) : .nothing
        }
        var wanted: UInt64?
        if generations[pinned] == nil {
            wanted = versions.previous.flatMap { generations[$0] == nil ? nil : $0 } ?? newest
        }
        return wanted == standIn ? .nothing : .standIn(wanted)
    }

    /// Makes a loaded version serve. Returns the choice where it has changed. Choosing the version that serves keeps
    /// the previous one.
    package mutating func choose(_ version: UInt64, pinned: UInt64?) -> ServedVersions? {
        let previous = serving == version ? versions.previous : active?.version ?? versions.previous
        let chosen = ServedVersions(
            active: version, previous: previous == version ? nil : previous, pinned: pinned)
        standIn = nil
        guard chosen != versions else { return nil }
        versions = chosen
        return chosen
    }

    /// Lets newer versions take over again. Returns the choice where it has changed.
    package mutating func unpin() -> ServedVersions? {
        guard versions.pinned != nil else { return nil }
        versions.pinned = nil
        return versions
    }

    /// What a switch comes to. Throws VERSION_GONE, MODEL_CORRUPT and NO_PREVIOUS_VERSION.
    package func target(of goal: ModelSwitchRequest.Goal, now: NIODeadline) throws(RequestFailure)
        -> SwitchTarget
    {
        switch goal {
        case .version(let version): return try target(version, now: now)
        case .previous:
            guard let previous = versions.previous, previous != serving else {
                throw .noPreviousVersion(name, serving: serving, onDisk: onDisk)
            }
            return try target(previous, now: now)
        case .latest:
            let newest = generations.keys.max()
            for version in onDisk.reversed() {
                if version <= newest ?? 0 { break }
                if isUsable(version, now: now) { return .load(version) }
            }
            return .ready(version: newest, pinned: nil)
        }
    }

    private func target(_ version: UInt64, now: NIODeadline) throws(RequestFailure) -> SwitchTarget {
        if try needsLoad(version, now: now) { return .load(version) }
        return .ready(version: version, pinned: version)
    }

    /// Whether a version has to be loaded first. Throws VERSION_GONE where it is not on disk, MODEL_CORRUPT where it
    /// was refused.
    package func needsLoad(_ version: UInt64, now: NIODeadline) throws(RequestFailure) -> Bool {
        if generations[version] != nil { return false }
        guard isOnDisk(version) else {
            throw .versionGone(requested: version, serving: serving, onDisk: onDisk)
        }
        guard isUsable(version, now: now) else {
            throw .modelCorrupt(version: version, reason: refusals[version]?.reason ?? "")
        }
        return true
    }

    // MARK: What others see

    /// The answer to a switch that was made, or to a look.
    func response(isRemembered: Bool) -> ModelSwitchResponse {
        ModelSwitchResponse(
            active: serving, previous: previous?.version ?? 0, pinned: versions.pinned ?? 0,
            isRemembered: isRemembered)
    }

    /// The entry of the serving table.
    var entry: GenerationTable.Entry? {
        guard let active else { return nil }
        let others = generations.values.filter { $0.version != active.version }
        return GenerationTable.Entry(
            active: active, others: others.sorted { $0.version < $1.version }, onDisk: onDisk)
    }
}
