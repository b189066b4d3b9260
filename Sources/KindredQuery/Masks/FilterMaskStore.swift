import Synchronization

/// The masks of one generation's filters, within a bound on their bytes: the one that was used longest ago gives way.
///
/// Any thread may use it. Each event loop has a `FilterMaskCache` before it, which finds most masks without its lock.
package final class FilterMaskStore: Sendable {
    /// A mask with the time of its last use.
    final class Entry: Sendable {
        let words: MaskWords
        let byteCount: Int
        private let lastUse: Atomic<UInt64>
        private let given: Atomic<Bool>

        init(_ words: MaskWords, byteCount: Int, time: UInt64) {
            self.words = words
            self.byteCount = byteCount
            lastUse = Atomic(time)
            given = Atomic(false)
        }

        /// Notes a use. Writes only where the time has changed, so that threads that use one mask do not wait for each
        /// other.
        func use(at time: UInt64) {
            if lastUse.load(ordering: .relaxed) < time { lastUse.store(time, ordering: .relaxed) }
        }

        var time: UInt64 { lastUse.load(ordering: .relaxed) }

        /// True once the store has given the mask up.
        var hasGivenWay: Bool { given.load(ordering: .relaxed) }

        fileprivate func giveWay() { given.store(true, ordering: .relaxed) }
    }

    /// The right to evaluate a filter and to keep its mask. Ends with this object, so that an evaluation that is given
    /// up holds up no other.
    package final class Claim: Sendable {
        package let key: FilterKey
        private let store: FilterMaskStore

        fileprivate init(_ key: FilterKey, _ store: FilterMaskStore) {
            self.key = key
            self.store = store
        }

        deinit { store.endClaim(key) }

        /// Keeps the mask, unless it is larger than the bound.
        package func keep(_ words: MaskWords) { store.keep(words, for: key) }
    }

    enum Lookup {
        case found(Entry)
        /// Another request evaluates the filter. A later look finds its mask, or gives the claim.
        case busy
        /// The caller evaluates the filter.
        case missing(Claim)
    }

    private struct State {
        var entries: [FilterKey: Entry] = [:]
        var claims: Set<FilterKey> = []
        var byteCount = 0
    }

    /// Bytes of an entry beside its mask and its key: the object, its places in the table, its claim.
    static let entryByteCount = 256

    package let byteCountMax: Int
    private let state = Mutex(State())
    /// Counts the masks that came. Uses are ordered by it.
    private let clock = Atomic<UInt64>(1)
    /// Counts the masks that gave way.
    private let evictions = Atomic<UInt64>(0)

    /// `byteCountMax`: bytes of the masks, with their keys. 0 keeps none.
    package init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// Bytes of the masks that are kept, with their keys.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Masks that are kept.
    package var count: Int { state.withLock { $0.entries.count } }

    var time: UInt64 { clock.load(ordering: .relaxed) }
    var evictionCount: UInt64 { evictions.load(ordering: .acquiring) }

    /// Bytes that an entry counts for.
    static func byteCount(_ words: MaskWords, _ key: FilterKey) -> Int {
        words.byteCount + key.byteCount + entryByteCount
    }

    func find(_ key: FilterKey) -> Lookup {
        let now = time
        return state.withLock { state in
            if let entry = state.entries[key] {
                entry.use(at: now)
                return .found(entry)
            }
            guard state.claims.insert(key).inserted else { return .busy }
            return .missing(Claim(key, self))
        }
    }

    /// A mask that is kept; no claim where there is none.
    func peek(_ key: FilterKey) -> Entry? {
        let now = time
        return state.withLock { state in
            let entry = state.entries[key]
            entry?.use(at: now)
            return entry
        }
    }

    private func keep(_ words: MaskWords, for key: FilterKey) {
        let byteCount = Self.byteCount(words, key)
        guard byteCount <= byteCountMax else { return }
        let now = clock.wrappingAdd(1, ordering: .relaxed).newValue
        // The entries that give way are freed after the lock.
        var gone: [Entry] = []
        state.withLock { state in
            if let old = state.entries.removeValue(forKey: key) {
                state.byteCount -= old.byteCount
                gone.append(old)
            }
            while state.byteCount + byteCount > byteCountMax,
                let oldest = state.entries.min(by: { $0.value.time < $1.value.time })
            {
                state.entries.removeValue(forKey: oldest.key)
                state.byteCount -= oldest.value.byteCount
                gone.append(oldest.value)
            }
            state.entries[key] = Entry(words, byteCount: byteCount, time: now)
            state.byteCount += byteCount
        }
        guard !gone.isEmpty else { return }
        for entry in gone { entry.giveWay() }
        evictions.wrappingAdd(1, ordering: .releasing)
    }

    private func endClaim(_ key: FilterKey) { _ = state.withLock { $0.claims.remove(key) } }
}
