import KindredDomain
import KindredServer
import TestSupport
import Testing

/// The cache alone: it gives an answer's own bytes, or nothing.
@Suite struct AnswerCacheTests {
    private static let counts = AnswerCache.Counts(queries: 1, failedQueries: 0)

    private static func request(_ number: Int, byteCount: Int = 64) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> (8 * $0) : $0) }
    }

    /// The answer of a generation to a request, or the key to keep its answer by.
    private static func ask(
        _ cache: inout AnswerCache, _ request: [UInt8], of generation: UInt64 = 1
    ) -> (body: [UInt8]?, counts: AnswerCache.Counts?, key: AnswerCache.Key?) {
        var found: ([UInt8], AnswerCache.Counts)?
        switch cache.find(request.span.bytes, of: generation, { found = (Array($0.body), $0.counts) }) {
        case .found: return (found?.0, found?.1, nil)
        case .missing(let key): return (nil, nil, key)
        }
    }

    private static func keep(
        _ cache: inout AnswerCache, _ body: [UInt8], for key: AnswerCache.Key,
        counts: AnswerCache.Counts = counts
    ) {
        body.withUnsafeBytes { cache.keep($0, counts, for: key) { _ in } }
    }

    /// Asks, keeps an answer where none is found, and asks again: whether the answer is found then.
    private static func isKept(_ cache: inout AnswerCache, _ request: [UInt8], _ body: [UInt8]) -> Bool {
        if let key = ask(&cache, request).key { keep(&cache, body, for: key) }
        return ask(&cache, request).body == body
    }

    /// Against a dictionary: the answer that is found is the last one kept for just these bytes and this generation.
    @Test(arguments: [(4 << 10, true), (10_007, true), (1 << 20, false)])
    func foundAnswersWereKeptForTheSameRequest(byteCount: Int, givesWay: Bool) throws {
        struct Request: Hashable {
            let bytes: [UInt8]
            let generation: UInt64
        }
        var generator = SeededGenerator.announced()
        var cache = try AnswerCache(byteCount: byteCount)
        var kept: [Request: [UInt8]] = [:]
        var open: [(request: Request, key: AnswerCache.Key)] = []
        var foundCount = 0
        var lostCount = 0
        var newest: UInt64 = 1
        for _ in 0..<20_000 {
            // Requests that begin alike, and some that are others' beginnings.
            let number = Int.random(in: 0..<400, using: &generator)
            let bytes = Self.request(
                number / 2, byteCount: 64 + 8 * (number % 2 * 2 + Int.random(in: 0..<2, using: &generator)))
            let request = Request(
                bytes: bytes, generation: max(1, newest - UInt64.random(in: 0...1, using: &generator)))
            switch Int.random(in: 0..<1_000, using: &generator) {
            case 0: newest += 1
            case 1..<300 where !open.isEmpty:
                let answered = open.remove(at: Int.random(in: open.indices, using: &generator))
                let length = 8 * Int.random(in: 0...60, using: &generator)
                let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                Self.keep(&cache, body, for: answered.key)
                kept[answered.request] = body
            default:
                let found = Self.ask(&cache, request.bytes, of: request.generation)
                if let body = found.body {
                    foundCount += 1
                    guard kept[request] == body else {
                        Issue.record("found \(body) for \(request), kept \(kept[request] ?? [])")
                        return
                    }
                } else if let key = found.key {
                    if kept[request] != nil { lostCount += 1 }
                    open.append((request, key))
                }
            }
        }
        #expect(foundCount > 20)
        #expect((lostCount > 100) == givesWay, "\(lostCount) gave way")
    }

    @Test func countsAndFinishedBodyAreKept() throws {
        var cache = try AnswerCache(byteCount: 1 << 16)
        let counts = AnswerCache.Counts(queries: 7, failedQueries: 2)
        let request = Self.request(1)
        let missing = Self.ask(&cache, request).key
        let key = try #require(missing)
        [UInt8](repeating: 9, count: 16).withUnsafeBytes { body in
            cache.keep(body, counts, for: key) { $0.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self) }
        }
        let found = Self.ask(&cache, request)
        #expect(found.counts == counts)
        #expect(found.body == [9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// An answer that is asked for again stays, while a hundred times as many are kept as there is room for.
    @Test func answersThatAreUsedStay() throws {
        // Some 250 entries in 1,024 buckets: none of them is ever full.
        var cache = try AnswerCache(byteCount: 1 << 20)
        let body = [UInt8](repeating: 3, count: 4 << 10)
        let often = Self.request(1_000_000)
        #expect(Self.isKept(&cache, often, body))
        for number in 0..<20_000 {
            #expect(Self.isKept(&cache, Self.request(number), body))
            if number % 50 == 0, Self.ask(&cache, often).body != body {
                Issue.record("gone after \(number) others")
                return
            }
        }
        #expect(Self.ask(&cache, Self.request(0)).body == nil)
        #expect(Self.ask(&cache, Self.request(19_999)).body == body)
    }

    /// Unless `keepsAtOnce`, an answer is kept when its request comes again before four others of the same bucket.
    @Test func answersAreKeptAtTheSecondRequest() throws {
        // One bucket.
        var cache = try AnswerCache(byteCount: 1 << 10)
        cache.keepsAtOnce = false
        let body = [UInt8](repeating: 1, count: 8)
        var early = 0
        var late = 0
        for round in 0..<50 {
            let request = Self.request(1_000 * round)
            if Self.ask(&cache, request).key != nil { early += 1 }
            for other in 1...3 { _ = Self.ask(&cache, Self.request(1_000 * round + other)) }
            guard let key = Self.ask(&cache, request).key else {
                late += 1
                continue
            }
            Self.keep(&cache, body, for: key)
            #expect(Self.ask(&cache, request).body == body)
            let forgotten = Self.request(1_000 * round + 10)
            if Self.ask(&cache, forgotten).key != nil { early += 1 }
            for other in 11...14 { _ = Self.ask(&cache, Self.request(1_000 * round + other)) }
            if Self.ask(&cache, forgotten).key != nil { early += 1 }
        }
        // Marks have 16 bits: now and then two requests have the same one.
        #expect(early <= 3 && late <= 3, "\(early) early, \(late) late")
    }

    /// An answer is found for its own generation alone, even where it was kept after another generation served.
    @Test func generationsDoNotShareAnswers() throws {
        var cache = try AnswerCache(byteCount: 1 << 16)
        let (known, underway) = (Self.request(1), Self.request(2))
        #expect(Self.isKept(&cache, known, [1, 2, 3]))
        let missing = Self.ask(&cache, underway).key
        let key = try #require(missing)
        #expect(Self.ask(&cache, known, of: 2).body == nil)
        Self.keep(&cache, [4, 5, 6], for: key)
        #expect(Self.ask(&cache, underway, of: 2).body == nil)
        #expect(Self.ask(&cache, underway).body == [4, 5, 6])
        #expect(Self.ask(&cache, known).body == [1, 2, 3])
    }

    @Test func theLastOfTwoAnswersIsFound() throws {
        var cache = try AnswerCache(byteCount: 1 << 16)
        let request = Self.request(5)
        let keys = [Self.ask(&cache, request).key, Self.ask(&cache, request).key]
        Self.keep(&cache, [1], for: try #require(keys[0]))
        Self.keep(&cache, [2], for: try #require(keys[1]))
        #expect(Self.ask(&cache, request).body == [2])
    }

    @Test func limitsHoldAtTheirEdges() throws {
        var cache = try AnswerCache(byteCount: 1 << 20)
        let body = [UInt8](repeating: 1, count: 8)
        #expect(Self.isKept(&cache, Self.request(1, byteCount: Limits.keptRequestBytesMax), body))
        #expect(Self.ask(&cache, Self.request(2, byteCount: Limits.keptRequestBytesMax + 1)).key == nil)
        let longest = [UInt8](repeating: 2, count: Limits.keptReplyBytesMax)
        #expect(Self.isKept(&cache, Self.request(3), longest))
        #expect(!Self.isKept(&cache, Self.request(4), longest + [2]))
    }

    /// An entry of 24 bytes, a request of 64 and an answer of 8 takes 6 units.
    @Test(arguments: [(0, false), (95, false), (96, true)])
    func aRingHoldsWhatFits(byteCount: Int, holds: Bool) throws {
        var cache = try AnswerCache(byteCount: byteCount)
        #expect(cache.keepsAnswers == (byteCount > 0))
        for number in 0..<4 {
            #expect(
                Self.isKept(&cache, Self.request(number), [UInt8](repeating: UInt8(number), count: 8))
                    == holds)
        }
    }

    /// Places have 48 bits. When they are used up, the cache becomes empty, and never gives a wrong answer.
    @Test func cacheStartsAnewWhenPlacesAreUsedUp() throws {
        var cache = try AnswerCache(byteCount: 1 << 16, firstPlace: 1 << 48 - 100)
        var keptCount = 0
        for number in 0..<100 {
            let body = [UInt8](repeating: UInt8(number), count: 40)
            if Self.isKept(&cache, Self.request(number), body) { keptCount += 1 }
        }
        // The request for which the places ended was not kept.
        #expect(keptCount == 99)
        for number in 0..<100 {
            let found = Self.ask(&cache, Self.request(number)).body
            #expect(found == nil ? number < 20 : found == [UInt8](repeating: UInt8(number), count: 40))
        }
    }
}
