import KindredModel
import Synchronization

/// A mask that is kept, with the time of its last use.
final class FilterMaskEntry: Sendable {
    let key: FilterKey
    let words: MaskWords
    /// Bytes that it counts for.
    let byteCount: Int
    private let lastUse: Atomic<UInt64>
    private let given = Atomic<Bool>(false)

    init(_ words: MaskWords, for key: FilterKey, byteCount: Int, time: UInt64) {
        self.key = key
        self.words = words
        self.byteCount = byteCount
        lastUse = Atomic(time)
    }

    /// Notes a use. Writes only where the time has changed, so that threads that use one mask do not wait for each
    /// other.
    func use(at time: UInt64) {
        if lastUse.load(ordering: .relaxed) < time { lastUse.store(time, ordering: .relaxed) }
    }

    var time: UInt64 { lastUse.load(ordering: .relaxed) }

    /// True once the store has given the mask up.
    var hasGivenWay: Bool { given.load(ordering: .relaxed) }

    func giveWay() { given.store(true, ordering: .relaxed) }
}

/// The masks that a store keeps for one generation, in the order in which they give way: first come, first to go, but
/// one that was used since it got its place gets a place at the end instead.
///
/// The store uses it under its lock.
final class FilterMaskShelf: @unchecked Sendable {
    private struct Place {
        let entry: FilterMaskEntry
        /// When it got the place.
        let time: UInt64
    }

    private var entries: [FilterKey: FilterMaskEntry] = [:]
    private var claims: Set<FilterKey> = []
    /// Those before `first` are empty.
    private var places: [Place?] = []
    private var first = 0
    private(set) var byteCount = 0

    /// Empty places from which on they are removed, where they are half of all.
    private static let emptyPlacesMax = 64

    var count: Int { entries.count }

    func entry(_ key: FilterKey) -> FilterMaskEntry? { entries[key] }

    /// False where the filter is claimed already.
    func claim(_ key: FilterKey) -> Bool { claims.insert(key).inserted }

    func endClaim(_ key: FilterKey) { claims.remove(key) }

    /// When the first mask in the order got its place; nil without masks.
    var oldestTime: UInt64? { first < places.count ? places[first]?.time : nil }

    /// Adds a mask whose key has none.
    func add(_ entry: FilterMaskEntry) {
        entries[entry.key] = entry
        byteCount += entry.byteCount
        places.append(Place(entry: entry, time: entry.time))
    }

    /// Gives the first mask another place, where it was used since it got its own. False where it was not.
    func moveFirst() -> Bool {
        guard first < places.count, let place = places[first], place.entry.time > place.time else {
            return false
        }
        _ = takeFirst()
        places.append(Place(entry: place.entry, time: place.entry.time))
        return true
    }

    /// Removes the first mask.
    func removeFirst() -> FilterMaskEntry? {
        guard let place = takeFirst() else { return nil }
        entries.removeValue(forKey: place.entry.key)
        byteCount -= place.entry.byteCount
        return place.entry
    }

    private func takeFirst() -> Place? {
        guard first < places.count else { return nil }
        defer {
            places[first] = nil
            first += 1
            if first >= Self.emptyPlacesMax, 2 * first >= places.count {
                places.removeFirst(first)
                first = 0
            }
        }
        return places[first]
    }
}
