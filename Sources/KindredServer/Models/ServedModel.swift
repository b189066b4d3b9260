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

/// One model: its versions on disk and in memory, and the rules by which they are loaded, serve and are dropped. A
/// value; the control thread holds it.
package struct ServedModel {
    /// Why a version was refused. It is not tried again until its files change.
    package struct Refusal {
        let stamp: Repository.ChangeStamp
        package let reason: String
        /// When a pinned version is tried again with the same files.
        let retryAt: NIODeadline
        /// It was refused for lack of memory, so it is tried again at `retryAt`, pinned or not.
        var isPassing = false
        /// Its files have changed since, so it is tried again.
        var isStale = false
    }

    /// What a switch needs first.
    package enum SwitchTarget: Equatable {
        /// Nothing: the version is loaded. `version` is nil if none is loaded; then the switch only ends the pin.
        case ready(version: UInt64?, pinned: UInt64?)
        /// This version must be loaded first.
        case load(UInt64)
    }

    /// How long a version stays loaded that was loaded for a request, so that the next request finds it at once.
    package static let askedKept = TimeAmount.minutes(10)

    package let name: ModelName
    package internal(set) var generations: [UInt64: Generation] = [:]
    /// The stamp of each generation's files, as of the last time that they were compared with it.
    var stamps: [UInt64: Repository.ChangeStamp] = [:]
    /// The choice. A pinned version is also the active one.
    package var versions = ServedVersions()
    /// The version that serves in place of a pinned one that cannot be loaded. It is no choice, so it is never saved.
    package var standIn: UInt64?
    package internal(set) var refusals: [UInt64: Refusal] = [:]
    /// Versions on disk, ascending, as of the last look.
    package internal(set) var onDisk: [UInt64] = []
    /// Details of versions that are not loaded, from their manifests, with the stamps of those manifests.
    var manifests: [UInt64: (stamp: FileStamp, details: VersionDetails)] = [:]
    /// Why the folder cannot be read; nil where it can.
    var folderFailure: String?
    /// The repository does not have the folder any more.
    var isFolderGone = false
    /// The version that is being loaded.
    var loading: UInt64?
    /// A version that was loaded for a request, and until when it stays.
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

    /// The generation that a rollback would serve, where it is loaded. A version that stands in for a pinned one
    /// serves already.
    package var previous: Generation? {
        versions.previous.flatMap { $0 == serving ? nil : generations[$0] }
    }

    private var serving: UInt64 { active?.version ?? 0 }

    // MARK: Loading

    /// Whether a version on disk may be loaded: it was not refused, or it is tried again.
    private func isUsable(_ version: UInt64, now: NIODeadline) -> Bool {
        guard let refusal = refusals[version], !refusal.isStale else { return true }
        return (version == versions.pinned || refusal.isPassing) && now >= refusal.retryAt
    }

    private func isLoadable(_ version: UInt64, now: NIODeadline) -> Bool {
        generations[version] == nil && isOnDisk(version) && isUsable(version, now: now)
    }

    /// Whether the last look at the folder has found the version.
    package func isOnDisk(_ version: UInt64) -> Bool {
        let index = (0..<onDisk.count).partitioningIndex { onDisk[$0] >= version }
        return index < onDisk.count && onDisk[index] == version
    }

    /// The version to load next when no request asks for one; nil where none is to be loaded.
    ///
    /// In this order: the chosen version, after a restart; where that is pinned and cannot be loaded, the previous
    /// one; the newest version that can be loaded, older ones only while none serves; the version that a rollback
    /// goes to.
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

    /// Drops the generations that are not needed. Needed are the serving, the chosen and the previous one, the newest
    /// beside a pin, and one that was loaded for a request within `askedKept`.
    package mutating func dropUnneeded(now: NIODeadline) {
        if let asked, now >= asked.until { self.asked = nil }
        let newest = generations.keys.max()
        generations = generations.filter { version, _ in
            version == versions.active || version == standIn || version == versions.previous
                || version == asked?.version || (version == newest && versions.pinned != nil)
        }
        stamps = stamps.filter { generations[$0.key] != nil }
    }

    /// A version was loaded. `stamp`: of its files before they were read.
    package mutating func take(_ generation: Generation, stamp: Repository.ChangeStamp) {
        generations[generation.version] = generation
        stamps[generation.version] = stamp
        refusals[generation.version] = nil
        manifests[generation.version] = nil
    }

    /// A version was refused. Returns true where it was refused for the same reason before. The figures of a memory
    /// shortage differ each time, so the first ones are kept.
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

    /// A request has a version loaded, which then stays for `askedKept`.
    package mutating func ask(for version: UInt64, now: NIODeadline) {
        asked = (version, now + Self.askedKept)
    }

    // MARK: Serving

    /// The change that the loaded generations call for.
    package enum TakeOver: Equatable {
        case nothing
        /// Choose this version: it is the newest.
        case choose(UInt64)
        /// Serve this version in place of the pinned one; nil: serve the pinned one.
        case standIn(UInt64?)
    }

    /// The newest generation serves unless another one is pinned. While the pinned one cannot be loaded, the previous
    /// one stands in, or else the newest; the choice stays.
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

    /// The version that a switch leads to. Throws VERSION_GONE, MODEL_CORRUPT and NO_PREVIOUS_VERSION.
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

    // MARK: Replies

    /// The reply to a switch or a look.
    func response(isRemembered: Bool) -> ModelSwitchResponse {
        ModelSwitchResponse(
            active: serving, previous: previous?.version ?? 0, pinned: versions.pinned ?? 0,
            isRemembered: isRemembered)
    }

    /// The model's entry in the table of event loops; nil where no version serves.
    var entry: GenerationTable.Entry? {
        guard let active else { return nil }
        let others = generations.values.filter { $0.version != active.version }
        return GenerationTable.Entry(
            active: active, others: others.sorted { $0.version < $1.version }, onDisk: onDisk)
    }
}
