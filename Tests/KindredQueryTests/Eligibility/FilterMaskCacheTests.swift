import KindredDomain
import KindredQuery
import Synchronization
import TestSupport
import Testing

/// Masks of filters that are kept: found by key, counted in bytes, evaluated by one request at a time.
@Suite struct FilterMaskCacheTests {
    private static let rowCount = 320

    private func side() throws -> GenerationSide {
        var generator = SeededGenerator(seed: 1)
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 4, using: &generator)
        return try Generation.sample(items: rows, metric: .dot).items!
    }

    private func key(_ number: Int) -> FilterKey {
        FilterKey(Filter("price < \(100 + number)"), over: .items)
    }

    /// A mask of the row of a number.
    private func words(_ number: Int, _ side: GenerationSide) -> MaskWords {
        var bits = Bitmap(count: Self.rowCount)
        bits[number] = true
        return MaskWords(rows: bits, codes: side.codes)
    }

    /// Evaluates the filter unless its mask is kept; whether it was.
    @discardableResult
    private func use(_ number: Int, _ cache: FilterMaskCache, _ side: GenerationSide) -> Bool {
        switch cache.find(key(number), codes: side.codes) {
        case .found(let mask):
            #expect(mask.count == 1 && mask.contains(row: UInt32(number)))
            return true
        case .missing(let claim):
            claim.keep(words(number, side))
            return false
        case .busy:
            Issue.record("busy")
            return false
        }
    }

    /// Bytes of one entry.
    private func entryByteCount(_ side: GenerationSide) -> Int {
        let store = FilterMaskStore(byteCountMax: .max)
        use(0, FilterMaskCache(store: store, generation: 1), side)
        #expect(store.count == 1)
        return store.byteCount
    }

    @Test func equalKeysHaveOneMask() throws {
        func key(
            _ text: String, _ values: [AttributeValue] = [], _ side: Side = .items,
            seeds: [AttributeValue] = [], of seedSide: Side? = nil
        ) -> FilterKey {
            FilterKey(
                Filter(
                    text, parameters: values.enumerated().map { FilterParameter("p\($0.offset)", $0.element) }
                ),
                over: side, seeds: seeds, of: seedSide)
        }
        #expect(key("a < :p0", [.integer(1)]) == key("a < :p0", [.integer(1)]))
        #expect(key("a < :p0", [.integer(1)]).hashValue == key("a < :p0", [.integer(1)]).hashValue)
        let different = [
            key("a"), key("b"), key("a", [], .users), key("a", [.integer(1)]), key("a", [.real(1)]),
            key("a", [.text([0x31])]), key("a", [.null]), key("a", seeds: [.null]),
            key("a", seeds: [.integer(1)]),
            key("a", [.real(0)]), key("a", [.real(-0.0)]), key("a", seeds: [.real(0)]),
            key("a", seeds: [.real(-0.0)]),
            // The value of an item's column and of a user's.
            key("a", seeds: [.integer(2)], of: .items), key("a", seeds: [.integer(2)], of: .users),
            // One text in two forms of Unicode: SQLite takes them for two.
            key("a = 'caf\u{E9}'"), key("a = 'cafe\u{301}'"),
            key("a", [.integer(1), .integer(2)]), key("a", [.integer(2), .integer(1)]),
        ]
        #expect(Set(different).count == different.count)
        for (index, one) in different.enumerated() {
            #expect(different.firstIndex(of: one) == index)
        }
    }

    @Test func oneRequestEvaluates() throws {
        let side = try side()
        let store = FilterMaskStore(byteCountMax: 1 << 20)
        let (one, other) = (
            FilterMaskCache(store: store, generation: 1), FilterMaskCache(store: store, generation: 1)
        )
        #expect(one.peek(key(1), codes: side.codes) == nil)
        guard case .missing(let claim) = one.find(key(1), codes: side.codes) else {
            Issue.record("not missing")
            return
        }
        guard case .busy = other.find(key(1), codes: side.codes) else {
            Issue.record("not busy")
            return
        }
        #expect(one.peek(key(1), codes: side.codes) == nil, "a look without a claim")
        claim.keep(words(1, side))
        guard case .found(let mask) = other.find(key(1), codes: side.codes) else {
            Issue.record("not found")
            return
        }
        #expect(mask.contains(row: 1) && !mask.contains(row: 2))
        #expect(other.peek(key(1), codes: side.codes) === mask, "a loop's own mask")
        #expect(one.peek(key(1), codes: side.codes) !== mask)
    }

    /// A request that ends before its filter is evaluated leaves the evaluation to the next.
    @Test func claimsEndWithTheirRequest() throws {
        let side = try side()
        let cache = FilterMaskCache(store: FilterMaskStore(byteCountMax: 1 << 20), generation: 1)
        do {
            guard case .missing(let claim) = cache.find(key(1), codes: side.codes) else {
                Issue.record("not missing")
                return
            }
            #expect(claim.key == key(1))
        }
        guard case .missing = cache.find(key(1), codes: side.codes) else {
            Issue.record("not missing again")
            return
        }
    }

    @Test func theOldestGivesWay() throws {
        let side = try side()
        let entry = entryByteCount(side)
        let store = FilterMaskStore(byteCountMax: 3 * entry)
        let cache = FilterMaskCache(store: store, generation: 1)
        let other = FilterMaskCache(replicaOf: cache)
        for number in 0..<3 { #expect(!use(number, cache, side)) }
        #expect(store.count == 3 && store.byteCount == 3 * entry)
        // A use that only the loop's own table sees counts too.
        #expect(use(0, cache, side))
        #expect(!use(3, other, side))
        #expect(store.count == 3 && store.byteCount == 3 * entry)
        #expect(cache.peek(key(1), codes: side.codes) == nil, "the oldest")
        for number in [0, 2, 3] { #expect(cache.peek(key(number), codes: side.codes) != nil, "\(number)") }
        #expect(!use(1, cache, side))
        #expect(store.count == 3)
    }

    /// One byte less than a mask needs keeps none.
    @Test func theBoundIsExact() throws {
        let side = try side()
        let entry = entryByteCount(side)
        #expect(entry == words(0, side).byteCount + key(0).byteCount + 256)
        for (byteCount, count) in [(0, 0), (entry - 1, 0), (entry, 1), (2 * entry - 1, 1), (2 * entry, 2)] {
            let store = FilterMaskStore(byteCountMax: byteCount)
            let cache = FilterMaskCache(store: store, generation: 1)
            for number in 0..<5 { use(number, cache, side) }
            #expect(store.count == count && store.byteCount == count * entry, "\(byteCount)")
        }
    }

    /// A loop that sleeps holds masks that have given way only until it looks.
    @Test func masksThatGaveWayAreFreed() throws {
        let side = try side()
        let store = FilterMaskStore(byteCountMax: entryByteCount(side))
        let (busy, idle) = (
            FilterMaskCache(store: store, generation: 1), FilterMaskCache(store: store, generation: 1)
        )
        weak var mask: RowMask?
        use(0, busy, side)
        mask = idle.peek(key(0), codes: side.codes)
        #expect(mask != nil)
        use(1, busy, side)
        #expect(mask != nil)
        idle.forgetEvicted()
        #expect(mask == nil)
    }

    /// Generations share the bound, whichever of them used a mask last. Their filters are not each other's.
    @Test func generationsShareTheBound() throws {
        let side = try side()
        let store = FilterMaskStore(byteCountMax: 3 * entryByteCount(side))
        let caches = (1...2).map { FilterMaskCache(store: store, generation: $0) }
        #expect(!use(0, caches[0], side) && !use(0, caches[1], side) && !use(1, caches[1], side))
        #expect(use(0, caches[0], side), "used after those of the other generation")
        #expect(!use(2, caches[1], side))
        #expect(store.count == 3)
        #expect(caches[0].peek(key(0), codes: side.codes) != nil)
        #expect(caches[1].peek(key(0), codes: side.codes) == nil, "the oldest")
        for number in 3..<10 { use(number, caches[1], side) }
        #expect(store.count == 3 && store.byteCount <= store.byteCountMax)
        #expect(caches[0].peek(key(0), codes: side.codes) == nil)
    }

    /// The masks of a generation end with it. They are handed over, so that the last thread does not free them.
    @Test func masksEndWithTheirGeneration() throws {
        final class Handed: Sendable {
            let objects = Mutex<[any AnyObject & Sendable]>([])
        }
        let handed = Handed()
        let store = FilterMaskStore(byteCountMax: 1 << 20) { object in
            handed.objects.withLock { $0.append(object) }
        }
        func use() throws {
            let generation = try Generation.sample(
                items: Array(repeating: [1], count: Self.rowCount), metric: .dot, filterMasks: store)
            let replica = Generation(replicaOf: generation)
            for number in 0..<5 { self.use(number, replica.filterMasks, replica.items!) }
            #expect(store.count == 5)
        }
        try use()
        #expect(store.count == 0 && store.byteCount == 0)
        #expect(handed.objects.withLock { $0.count } == 1)
    }

    /// Whoever still looks evaluates for itself.
    @Test func nothingIsKeptOfAGenerationThatHasEnded() throws {
        let store = FilterMaskStore(byteCountMax: 1 << 20)
        let side = try side()
        func cache() throws -> FilterMaskCache {
            try Generation.sample(
                items: Array(repeating: [1], count: Self.rowCount), metric: .dot, filterMasks: store
            ).filterMasks
        }
        let ended = try cache()
        guard case .missing(let claim) = ended.find(key(1), codes: side.codes) else {
            Issue.record("not missing")
            return
        }
        #expect(!use(1, ended, side), "nobody waits for the claim")
        claim.keep(words(1, side))
        #expect(store.count == 0 && store.byteCount == 0)
        #expect(ended.peek(key(1), codes: side.codes) == nil)
    }

    /// Masks that are used all the time stay while thousands of others come and go.
    @Test func usedMasksStay() throws {
        let side = try side()
        let entry = entryByteCount(side)
        let store = FilterMaskStore(byteCountMax: 50 * entry)
        let (busy, idle) = (
            FilterMaskCache(store: store, generation: 1), FilterMaskCache(store: store, generation: 1)
        )
        for number in 0..<4 { use(number, busy, side) }
        for round in 0..<3_000 {
            use(4 + round % 300, idle, side)
            for number in 0..<4 { #expect(use(number, busy, side), "\(number) in round \(round)") }
            #expect(store.byteCount <= store.byteCountMax)
        }
        #expect(store.count <= 50)
    }

    @Test func manyThreads() async throws {
        let side = try side()
        let store = FilterMaskStore(byteCountMax: 20 * entryByteCount(side))
        final class Evaluations: Sendable {
            let count = Atomic(0)
        }
        let evaluations = Evaluations()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    let cache = FilterMaskCache(store: store, generation: 1)
                    var generator = SeededGenerator(seed: UInt64(thread))
                    for _ in 0..<2_000 {
                        let number = Int.random(in: 0..<30, using: &generator)
                        switch cache.find(key(number), codes: side.codes) {
                        case .found(let mask):
                            #expect(mask.count == 1 && mask.contains(row: UInt32(number)))
                        case .missing(let claim):
                            evaluations.count.wrappingAdd(1, ordering: .relaxed)
                            claim.keep(words(number, side))
                        case .busy: break
                        }
                    }
                }
            }
        }
        #expect(store.count <= 20 && store.byteCount <= store.byteCountMax)
        #expect(evaluations.count.load(ordering: .relaxed) >= 30)
    }
}
