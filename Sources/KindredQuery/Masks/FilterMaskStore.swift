import KindredModel
import Synchronization

/// The masks of all filters of a process, within one bound on their bytes, whatever the number of versions and of event
/// loops. Those that were not used for long give way.
///
/// Any thread may use it. Each event loop has a `FilterMaskCache` for each generation before it, which finds most masks
/// without its lock.
package final class FilterMaskStore: Sendable {
    /// The right to evaluate a filter and to keep its mask. Ends with this object, so that an evaluation that is given
    /// up holds up no other.
    package final class Claim: Sendable {
        package let key: FilterKey
        private let generation: UInt64
        private let store: FilterMaskStore

        fileprivate init(_ key: FilterKey, _ generation: UInt64, _ store: FilterMaskStore) {
            self.key = key
            self.generation = generation
            self.store = store
        }

        deinit { store.endClaim(key, of: generation) }

        /// Keeps the mask, unless it is larger than the bound.
        package func keep(_ words: MaskWords) { store.keep(words, for: key, of: generation) }
    }

    enum Lookup {
        case found(FilterMaskEntry)
        /// Another request evaluates the filter. A later look finds its mask, or gives the claim.
        case busy
        /// The caller evaluates the filter.
        case missing(Claim)
    }

    private struct State {
        /// By generation, for those that live: nothing is kept for one that has ended.
        var shelves: [UInt64: FilterMaskShelf] = [:]
        var byteCount = 0

        /// Removes the mask that gives way.
        mutating func removeOldest() -> FilterMaskEntry? {
            var moved = 0
            while true {
                let oldest = shelves.values.min { ($0.oldestTime ?? .max) < ($1.oldestTime ?? .max) }
                if moved < FilterMaskStore.movedMax, oldest?.moveFirst() == true {
                    moved += 1
                    continue
                }
                guard let gone = oldest?.removeFirst() else { return nil }
                byteCount -= gone.byteCount
                return gone
            }
        }
    }

    /// Masks that get another place before one gives way. With more, the lock would be held for long.
    private static let movedMax = 64
    /// Bytes of an entry beside its mask and its key: the object, its places in the tables, its claim.
    static let entryByteCount = 256

    package let byteCountMax: Int
    private let letGo: @Sendable (any AnyObject & Sendable) -> Void
    private let state = Mutex(State())
    /// Counts the masks that came. Uses are ordered by it.
    private let clock = Atomic<UInt64>(1)
    /// Counts the times that masks gave way.
    private let evictions = Atomic<UInt64>(0)

    /// `byteCountMax`: bytes of the masks, with their keys. 0 keeps none. `letGo` receives the last reference to all
    /// masks of a generation that has ended, so that freeing them does not hold up the thread that was last.
    package init(
        byteCountMax: Int, letGo: @escaping @Sendable (any AnyObject & Sendable) -> Void = { _ in }
    ) {
        self.byteCountMax = byteCountMax
        self.letGo = letGo
    }

    /// Bytes of the masks that are kept, with their keys.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Masks that are kept.
    package var count: Int { state.withLock { $0.shelves.values.reduce(0) { $0 + $1.count } } }

    var time: UInt64 { clock.load(ordering: .relaxed) }
    var evictionCount: UInt64 { evictions.load(ordering: .acquiring) }

    /// Bytes that an entry counts for.
    static func byteCount(_ words: MaskWords, _ key: FilterKey) -> Int {
        words.byteCount + key.byteCount + entryByteCount
    }

    /// A generation begins to live, unless it does already.
    func begin(_ generation: UInt64) {
        state.withLock { state in
            if state.shelves[generation] == nil { state.shelves[generation] = FilterMaskShelf() }
        }
    }

    /// The mask of a filter, or the claim to it. Of a generation that has ended, every caller gets a claim, and nothing
    /// is kept.
    func find(_ key: FilterKey, of generation: UInt64) -> Lookup {
        let now = time
        return state.withLock { state in
            guard let shelf = state.shelves[generation] else { return .missing(Claim(key, generation, self)) }
            if let entry = shelf.entry(key) {
                entry.use(at: now)
                return .found(entry)
            }
            return shelf.claim(key) ? .missing(Claim(key, generation, self)) : .busy
        }
    }

    /// A mask that is kept; no claim where there is none.
    func peek(_ key: FilterKey, of generation: UInt64) -> FilterMaskEntry? {
        let now = time
        return state.withLock { state in
            let entry = state.shelves[generation]?.entry(key)
            entry?.use(at: now)
            return entry
        }
    }

    /// Lets go of the masks of a generation that has ended.
    func forget(_ generation: UInt64) {
        let shelf = state.withLock { state in
            let shelf = state.shelves.removeValue(forKey: generation)
            state.byteCount -= shelf?.byteCount ?? 0
            return shelf
        }
        if let shelf { letGo(shelf) }
    }

    private func keep(_ words: MaskWords, for key: FilterKey, of generation: UInt64) {
        let byteCount = Self.byteCount(words, key)
        guard byteCount <= byteCountMax else { return }
        let now = clock.wrappingAdd(1, ordering: .relaxed).newValue
        // The entries that give way are freed after the lock.
        var gone: [FilterMaskEntry] = []
        state.withLock { state in
            guard let shelf = state.shelves[generation], shelf.entry(key) == nil else { return }
            while state.byteCount + byteCount > byteCountMax, let oldest = state.removeOldest() {
                gone.append(oldest)
            }
            shelf.add(FilterMaskEntry(words, for: key, byteCount: byteCount, time: now))
            state.byteCount += byteCount
        }
        guard !gone.isEmpty else { return }
        for entry in gone { entry.giveWay() }
        evictions.wrappingAdd(1, ordering: .releasing)
    }

    private func endClaim(_ key: FilterKey, of generation: UInt64) {
        state.withLock { $0.shelves[generation]?.endClaim(key) }
    }
}
