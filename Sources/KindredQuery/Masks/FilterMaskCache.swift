import KindredModel
import Synchronization

/// The masks of a generation's filters as one event loop finds them: those that it used last in a table of its own, the
/// others in the store that all loops and generations share.
///
/// The loop alone uses its cache, so that nobody waits for its lock, and has masks of its own over shared words, so
/// that loops count no references to the same objects. A mask that gives way in the store leaves the table when the
/// loop looks for one next, or with `forgetEvicted`.
package final class FilterMaskCache: Sendable {
    package enum Lookup {
        case found(RowMask)
        /// Another request evaluates the filter: look again later.
        case busy
        /// The caller evaluates the filter, and keeps the mask with the claim.
        case missing(FilterMaskStore.Claim)
    }

    private struct Kept {
        let mask: RowMask
        let entry: FilterMaskEntry
    }

    private struct Table {
        var kept: [FilterKey: Kept] = [:]
        /// Of the store, when the table was compared with it.
        var evictionCount: UInt64 = 0
    }

    /// Masks in a loop's own table. A full table is emptied: the store still has them.
    static let tableCountMax = 64

    private let store: FilterMaskStore
    private let generation: UInt64
    private let table = Mutex(Table())

    /// A cache of the masks of a generation that lives, by its identity.
    package init(store: FilterMaskStore, generation: UInt64) {
        self.store = store
        self.generation = generation
        store.begin(generation)
    }

    /// The cache of another loop, before the same store.
    package init(replicaOf other: FilterMaskCache) {
        store = other.store
        generation = other.generation
    }

    /// Looks for the mask of a filter. `codes` are those of the filter's side, as the loop holds them.
    package func find(_ key: FilterKey, codes: Int8Codes) -> Lookup {
        if let mask = own(key) { return .found(mask) }
        switch store.find(key, of: generation) {
        case .found(let entry): return .found(adopt(entry, key, codes))
        case .busy: return .busy
        case .missing(let claim): return .missing(claim)
        }
    }

    /// The mask of a filter that is kept; nil, without a claim, where none is.
    package func peek(_ key: FilterKey, codes: Int8Codes) -> RowMask? {
        if let mask = own(key) { return mask }
        return store.peek(key, of: generation).map { adopt($0, key, codes) }
    }

    /// The generation has ended: the store lets go of its masks.
    func endGeneration() { store.forget(generation) }

    /// Lets go of masks that the store has given up.
    package func forgetEvicted() { table.withLock { forgetEvicted(&$0) } }

    private func own(_ key: FilterKey) -> RowMask? {
        let time = store.time
        return table.withLock { table in
            forgetEvicted(&table)
            guard let kept = table.kept[key] else { return nil }
            kept.entry.use(at: time)
            return kept.mask
        }
    }

    private func adopt(_ entry: FilterMaskEntry, _ key: FilterKey, _ codes: Int8Codes) -> RowMask {
        let mask = RowMask(entry.words, codes: codes)
        table.withLock { table in
            if table.kept.count >= Self.tableCountMax { table.kept.removeAll(keepingCapacity: true) }
            table.kept[key] = Kept(mask: mask, entry: entry)
        }
        return mask
    }

    private func forgetEvicted(_ table: inout Table) {
        let count = store.evictionCount
        guard count != table.evictionCount else { return }
        table.evictionCount = count
        table.kept = table.kept.filter { !$0.value.entry.hasGivenWay }
    }
}
