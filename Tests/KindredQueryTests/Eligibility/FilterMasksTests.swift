import KindredDomain
import KindredFilter
import KindredQuery
import Synchronization
import TestSupport
import Testing

/// The filters of a request: which of them each query uses, what they share with other requests, what they hold.
@Suite struct FilterMasksTests {
    private static let rowCount = 320

    private static func integers(
        _ name: String, _ affinity: ColumnDeclaration.Affinity, storage: ColumnStorage = .uniform,
        _ value: (Int) -> Int64
    ) -> CatalogColumn {
        CatalogColumn(
            name: name, values: .integers((0..<rowCount).map(value)),
            present: Bitmap(count: rowCount, repeating: true), declaration: ColumnDeclaration(affinity),
            storage: storage)
    }

    private static func catalog(_ columns: [CatalogColumn]) -> CatalogColumns {
        CatalogColumns(columns: columns, idsWithoutVector: 0, rowsWithoutEntry: 0)
    }

    /// The price of an item is its row, its name a text of two characters. `n` is 12 for all: of users an INTEGER, of
    /// items of no type, or of no comparable storage.
    private func generation(
        _ store: FilterMaskStore = FilterMaskStore(byteCountMax: 1 << 20),
        items storage: ColumnStorage = .uniform,
        release: @escaping @Sendable (GenerationSide?, GenerationSide?) -> Void = { _, _ in }
    ) throws -> Generation {
        let code = CatalogColumn(
            name: "code",
            values: .text(
                codes: (0..<Self.rowCount).map { UInt32($0 % 2) },
                dictionary: TextList(["12", "13"])),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.text))
        let rows = (0..<Self.rowCount).map { [Float($0), 1] }
        return try Generation.sample(
            items: rows, users: rows, metric: .dot,
            itemCatalog: Self.catalog([
                code, Self.integers("price", .integer) { Int64($0) },
                Self.integers("n", .blob, storage: storage) { _ in 12 },
            ]),
            userCatalog: Self.catalog([Self.integers("n", .integer) { _ in 12 }]), filterMasks: store,
            release: release)
    }

    private func request(
        _ queries: QueryBatch, _ change: (inout RecommendRules) -> Void
    ) -> RecommendRequest {
        var request = RecommendRequest(scope: QueryScope(queries: queries, target: .items), k: 10)
        var rules = RecommendRules()
        change(&rules)
        request.rules = rules
        return request
    }

    private func items(_ count: Int) -> QueryBatch { .items(.numbers((0..<UInt64(count)).map { $0 * 3 })) }

    private func plan(_ planner: RecommendPlanner) throws -> RecommendPlan {
        while true {
            if case .done(let plan) = try planner.step(idCount: 7) { return plan }
        }
    }

    /// The failure of each query; nil where it has none.
    private func failures(_ plan: RecommendPlan) -> [RequestFailure?] {
        var failures: [RequestFailure?] = Array(repeating: nil, count: plan.queryCount)
        for other in plan.others {
            if case .failure(let failure) = other.kind { failures[other.query] = failure }
        }
        return failures
    }

    // MARK: Keys

    /// A user's 12 is an INTEGER, and a text is compared with it as a number. An item's 12 has no type, and no text
    /// equals it. Whichever query comes first, the other has its own rows.
    @Test(arguments: [true, false])
    func valuesOfUsersAndItemsAreDifferent(usersFirst: Bool) throws {
        let generation = try generation()
        var counts: [UInt64: Int] = [:]
        for isUser in [usersFirst, !usersFirst] {
            let queries: QueryBatch = isUser ? .users(.numbers([0])) : .items(.numbers([0]))
            var request = request(queries) { $0.filter = "code = seed.n" }
            request.includesMembers = true
            let plan = try plan(RecommendPlanner(request: request, generation: generation))
            counts[isUser ? 1 : 0] = plan.queries[0].eligibility.count
        }
        #expect(counts == [1: Self.rowCount / 2, 0: 0])
    }

    /// A column of items that cannot be compared is refused, though users have one of that name and value.
    @Test func columnsOfItemsAreNotThoseOfUsers() throws {
        let generation = try generation(items: .unknown("it has texts among its numbers"))
        let users = request(.users(.numbers([0]))) { $0.filter = "code = seed.n" }
        let found = try plan(RecommendPlanner(request: users, generation: generation))
        #expect(found.queries[0].eligibility.count == Self.rowCount / 2)
        let error = #expect(throws: RequestFailure.self) {
            try RecommendPlanner(
                request: request(items(1)) { $0.filter = "code = seed.n" }, generation: generation)
        }
        #expect("\(error as Any)".contains("at byte 7, the column \"n\" cannot be compared"))
    }

    // MARK: Filters of queries

    @Test func eachQueryEvaluatesItsOwnFilterAlone() throws {
        let generation = try generation()
        let count = 20
        let request = request(items(count)) { rules in
            rules.queryFilters = (0..<count).map { "price >= seed.price + \($0)" }
        }
        let planner = try RecommendPlanner(request: request, generation: generation)
        let plan = try plan(planner)
        #expect(planner.filterCounts?.evaluated == count && planner.filterCounts?.kept == 0)
        // Rows from the sum on, without the query's own.
        for query in 0..<count {
            let own = query == 0 ? 1 : 0
            #expect(plan.queries[query].eligibility.count == Self.rowCount - 2 * query - own, "\(query)")
        }
    }

    /// An escape of two characters is refused for the query that uses it.
    @Test func aRefusalIsThatOfOneQuery() throws {
        let refused = "code LIKE '1%' ESCAPE seed.code"
        let request = request(items(4)) {
            $0.queryFilters = ["price > seed.price", refused, "", "price < 9"]
        }
        let plan = try plan(RecommendPlanner(request: request, generation: generation()))
        #expect(failures(plan).map { $0 == nil } == [true, false, true, true])
    }

    // MARK: Names

    @Test func namesOfSeedsAreJudgedForTheWholeRequest() throws {
        let generation = try generation()
        func failure(_ queries: QueryBatch, _ filters: [String]) -> String {
            let request = request(queries) { $0.queryFilters = filters }
            let error = #expect(throws: RequestFailure.self, "\(filters)") {
                try RecommendPlanner(request: request, generation: generation)
            }
            var score = ScoreRequest(
                scope: QueryScope(queries: queries, target: .items),
                candidates: RaggedIDs(shared: .numbers([0])))
            score.filter = Filter(filters[0])
            #expect(throws: RequestFailure.self, "\(filters)") {
                try ScorePlan(request: score, generation: generation)
            }
            return "\(error as Any)"
        }
        let right = "price > seed.price"
        #expect(
            failure(items(2), ["price = seed.prise", "price <"]).contains(
                "no column \"seed.prise\" at byte 8"))
        #expect(failure(items(2), ["prise = seed.n", right]).contains("no column \"prise\" at byte 0"))
        #expect(
            failure(items(2), ["seed.n IN tags", "prise = 1"]).contains(
                "no table of values \"tags\" at byte 10"))
        // Users have no price.
        #expect(
            failure(.users(.numbers([0, 3])), [right, right]).contains("no column \"seed.price\" at byte 8"))
        #expect(
            failure(.vectors(elements: [1, 2, 3, 4], count: 2), [right, "1"]).contains(
                "a seed. column needs a query for an item or a user at byte 8"))
        let error = #expect(throws: RequestFailure.self) {
            try FilterPlan(
                request: FilterRequest(side: .items, filter: Filter(right)), generation: generation,
                limits: .standard)
        }
        #expect("\(error as Any)".contains("a seed. column needs a query for an item or a user at byte 8"))
    }

    // MARK: Memory

    private var maskByteCount: Int { Self.rowCount / 16 * 2 + 96 }

    private func limits(masks: Int) -> Limits {
        var limits = Limits.standard
        limits.maskBytesPerRequestMax = UInt32(masks * maskByteCount)
        return limits
    }

    /// A SCORE needs the mask of one query at a time.
    @Test func aScoreHoldsNoMasks() throws {
        var request = ScoreRequest(
            scope: QueryScope(queries: items(50), target: .items),
            candidates: RaggedIDs(shared: .numbers([0, 60, 300])))
        request.filter = Filter("price >= seed.price")
        for byteCount in [0, 1 << 20] {
            let generation = try generation(FilterMaskStore(byteCountMax: byteCount))
            var plan = try ScorePlan(request: request, generation: generation, limits: limits(masks: 1))
            while true {
                guard case .done(let response) = try plan.step(candidateCount: 9) else { continue }
                #expect(response.outcomes.allSatisfy { $0.failure == nil })
                let wanted = (0..<50).flatMap { query in [0, 20, 100].map { $0 >= query } }
                #expect(response.found == wanted)
                break
            }
        }
    }

    /// A query whose rows are a list holds no mask.
    @Test(arguments: [0, 1 << 20])
    func queriesOfFewRowsHoldNoMasks(cacheByteCount: Int) throws {
        let generation = try generation(FilterMaskStore(byteCountMax: cacheByteCount))
        let request = request(items(40)) { $0.filter = "price = seed.price + 1" }
        let planner = try RecommendPlanner(
            // Room for the lists, and not for 40 masks.
            request: request, generation: generation, limits: limits(masks: 39))
        let plan = try plan(planner)
        #expect(failures(plan).allSatisfy { $0 == nil })
        #expect(plan.queries.allSatisfy { $0.eligibility.count == 1 })
    }

    /// Masks without `seed.` columns count too, whether they are kept or not.
    @Test(arguments: [0, 1 << 20])
    func filtersOfManyQueriesHaveALimit(cacheByteCount: Int) throws {
        let generation = try generation(FilterMaskStore(byteCountMax: cacheByteCount))
        func plan(_ count: Int, masks: Int) throws -> RecommendPlan {
            let request = request(items(count)) { rules in
                rules.queryFilters = (0..<count).map { "price <> \($0)" }
            }
            return try self.plan(
                RecommendPlanner(request: request, generation: generation, limits: limits(masks: masks)))
        }
        for _ in 0..<2 {
            #expect(failures(try plan(6, masks: 6)).allSatisfy { $0 == nil })
            let (found, limit) = (UInt64(6 * maskByteCount), UInt64(5 * maskByteCount))
            #expect(throws: RequestFailure.limitExceeded(.maskBytes, found: found, limit: limit)) {
                try plan(6, masks: 5)
            }
        }
    }

    @Test func evaluationsAreInTheCost() throws {
        let generation = try generation()
        func byteCount(_ count: Int) throws -> Int {
            let request = request(items(count)) { rules in
                rules.queryFilters = (0..<count).map { "price <> \($0)" }
            }
            return try RecommendPlanner(request: request, generation: generation).cost.byteCount
        }
        let (one, ten) = (try byteCount(1), try byteCount(10))
        #expect(one > maskByteCount && ten - one >= 9 * maskByteCount)
        func score(_ filter: String?) throws -> Int {
            var request = ScoreRequest(
                scope: QueryScope(queries: items(20), target: .items),
                candidates: RaggedIDs(shared: .numbers([0])))
            request.filter = filter.map { Filter($0) }
            return try ScorePlan(request: request, generation: generation).byteCount
        }
        let evaluation = maskByteCount + Self.rowCount / 8
        #expect(
            try (score(nil), score("price < 5"), score("price < seed.price")) == (0, evaluation, evaluation))
        // Once it is kept it takes nothing more.
        for wanted in [evaluation, 0] {
            var plan = try FilterPlan(
                request: FilterRequest(side: .items, filter: Filter("price < 7")), generation: generation,
                limits: .standard)
            #expect(plan.byteCount == wanted)
            while case .working = try plan.step(idCount: 100) {}
        }
    }

    // MARK: Waiting

    /// A request whose filter another one evaluates says so, until the mask is there.
    @Test func requestsWaitForAnEvaluation() throws {
        let generation = try generation()
        let request = request(items(1)) { $0.filter = "price < 100" }
        let first = try RecommendPlanner(request: request, generation: generation)
        let other = try RecommendPlanner(request: request, generation: generation)
        var score = ScoreRequest(
            scope: request.scope, candidates: RaggedIDs(shared: .numbers([0])))
        score.filter = Filter("price < 100")
        var scoring = try ScorePlan(request: score, generation: generation)
        var counting = try FilterPlan(
            request: FilterRequest(side: .items, filter: Filter("price < 100")), generation: generation,
            limits: .standard)
        #expect(!other.isWaiting)
        _ = try first.step(idCount: 1)
        for _ in 0..<3 {
            _ = try (other.step(idCount: 1), scoring.step(candidateCount: 1), counting.step(idCount: 1))
            #expect(!first.isWaiting && other.isWaiting && scoring.isWaiting && counting.isWaiting)
        }
        _ = try plan(first)
        guard case .done(let response) = try counting.step(idCount: 1) else {
            Issue.record("no count")
            return
        }
        #expect(response.rowsPassing == 100 && response.isKept && !counting.isWaiting)
        _ = try (plan(other), scoring.step(candidateCount: 1))
        #expect(!other.isWaiting && !scoring.isWaiting)
        #expect(other.filterCounts?.kept == 1 && other.filterCounts?.evaluated == 0)
    }

    // MARK: Lives

    /// A request that is being answered keeps its generation, and hands the memory over in the end.
    @Test func requestsKeepTheirGeneration() throws {
        final class Handover: Sendable { let count = Atomic(0) }
        let (handover, store) = (Handover(), FilterMaskStore(byteCountMax: 1 << 20))
        func handed() -> Int { handover.count.load(ordering: .relaxed) }
        func replica() throws -> Generation {
            Generation(
                replicaOf: try generation(store) { _, _ in handover.count.add(1, ordering: .relaxed) })
        }
        func filter() throws -> FilterPlan {
            try FilterPlan(
                request: FilterRequest(side: .items, filter: Filter("price < 100")), generation: replica(),
                limits: .standard)
        }
        func count() throws {
            var plan = try filter()
            _ = try plan.step(idCount: 1)
            #expect(handed() == 0)
            while true {
                guard case .done(let response) = try plan.step(idCount: 1) else { continue }
                #expect(response.rowsPassing == 100 && response.rowCount == UInt64(Self.rowCount))
                break
            }
            #expect(handed() == 0 && store.count == 1)
        }
        try count()
        #expect(handed() == 1 && store.count == 0)
        func recommend() throws {
            let request = request(items(3)) { $0.filter = "price < 100" }
            let planner = try RecommendPlanner(request: request, generation: replica())
            _ = try planner.step(idCount: 1)
            #expect(try plan(planner).queries.count == 3)
            #expect(handed() == 1 && store.count == 1)
        }
        try recommend()
        #expect(handed() == 2 && store.count == 0 && store.byteCount == 0)
    }
}
