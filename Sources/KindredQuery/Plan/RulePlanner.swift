import KindredDomain
import KindredFilter

/// The rules of one request over one generation: its filters, boosts and caps, and what its users have seen.
final class RulePlanner {
    private let rules: RecommendRules
    private let request: RecommendRequest
    private let generation: Generation
    private let side: GenerationSide
    private let limits: Limits
    private let rowFilters: RowFilters
    /// The filters of rows come first, then those of the boosts.
    private let masks: FilterMasks?
    /// The filters of boosts that have values of the query's own row.
    private let ownBoosts: [Int]
    /// The groups of the caps, as far as they are found, and those that are being built.
    private var caps: [CapRule] = []
    private var building: GroupColumnBuilding?
    /// The claim on the groups that are being built.
    private var claim: GroupColumns.Claim?
    private var rank: RankStage?
    /// The rank stage without its caps, which are found in steps.
    private let outline: RankStage
    private var sharedBoosts: RowBoosts?

    /// Rows that are grouped in about the time of looking up one id.
    private static let rowsPerID = 8

    /// Checks the rules. Throws for the first that is refused.
    init(
        _ rules: RecommendRules, request: RecommendRequest, generation: Generation, limits: Limits
    ) throws(RequestFailure) {
        guard let side = generation.side(request.scope.target) else {
            throw .invalidArgument(.sideMissing(request.scope.target))
        }
        self.rules = rules
        self.request = request
        self.generation = generation
        self.side = side
        self.limits = limits
        do throws(RuleFailure) {
            try BoostEffect.check(rules.boosts.map(\.effect), limits: limits)
            outline = try RankStage(
                k: Int(request.k), offset: Int(rules.offset), caps: [], diversity: rules.diversity,
                isDistinct: rules.isDistinct, limits: limits)
        } catch {
            throw error.requestFailure
        }
        // Texts are parsed after what is checked at once.
        let ranked = UInt64(request.scope.queries.count) * UInt64(outline.wantedCount)
        guard ranked <= limits.rankedRowsPerRequestMax else {
            throw .limitExceeded(.rankedRows, found: ranked, limit: UInt64(limits.rankedRowsPerRequestMax))
        }
        if Self.needsSeenPairs(rules, request), generation.seen == nil {
            throw .invalidArgument(.noSeenPairs)
        }
        rowFilters = RowFilters(rules)
        let texts = rowFilters.texts + rules.boosts.map(\.filter)
        var found: FilterMasks?
        if !texts.isEmpty || !rules.parameters.isEmpty {
            found = try FilterMasks(
                texts, parameters: rules.parameters, over: request.scope.target, of: generation,
                seedSide: request.scope.queries.ownSide, limits: limits)
        }
        masks = found
        ownBoosts = (rowFilters.texts.count..<texts.count).filter { found?.hasOwn($0) == true }
    }

    /// Adds the cost of the rules of so many queries.
    func add(to cost: inout PlanningCost, queryCount: Int) {
        cost.lookups += masks?.lookups(queryCount: queryCount, perQuery: 1 + rules.boosts.count) ?? 0
        for cap in rules.caps where side.groups.peek(cap.column) == nil {
            cost.lookups += Self.passesOfGroups * side.table.count / Self.rowsPerID
            cost.byteCount += GroupColumns.buildingByteCount(
                cap.column, of: side.catalog, rowCount: side.table.count)
        }
        cost.lookups += (boostsNameSeeds ? queryCount : 1) * boostsCost
        var fetched = 0
        for query in 0..<queryCount {
            let count = min(
                outline.fetchCount(ofQuery: query, isCapped: !rules.caps.isEmpty), side.table.count)
            fetched += count
            cost.fetchCountMax = max(cost.fetchCountMax, count)
        }
        cost.rankedRows += fetched
        cost.hold(foundCount: fetched)
        cost.byteCount += masks?.byteCount(queryCount: queryCount, perQuery: 1 + rules.boosts.count) ?? 0
        addSources(to: &cost, queryCount: queryCount)
        if !rules.caps.isEmpty || rules.isDistinct {
            // The rows that are left for further scans, which few queries need, and the groups of those taken.
            let taken = rules.caps.count * min(outline.wantedCount, side.table.count)
            cost.byteCount +=
                min(queryCount, Self.furtherScansExpected)
                * (side.table.count / 8 + taken * CapCounts.byteCountPerGroup)
        }
        let seenCount = rules.excludesSeen || rules.wantsBecause ? seenCountExpected() : 0
        if let pairs = generation.seen, rules.excludesSeen {
            cost.byteCount +=
                queryCount * SeenRows.byteCount(itemCount: pairs.itemCount, rowCount: seenCount)
        }
        if rules.isDistinct { addReturned(to: &cost, queryCount: queryCount, seenCount: seenCount) }
        if rules.wantsBecause {
            var ownCount = request.scope.queries.ownItemCount
            if case .users = request.scope.queries { ownCount = queryCount * seenCount }
            let pairs = ownCount * min(Int(request.k), side.table.count)
            cost.rankedRows +=
                pairs * ReasonSearch.cost(dimension: generation.dimension) / Self.reasonsPerRow
        }
    }

    /// Adds what distinct queries need: the rows that are returned, and the looks at them.
    private func addReturned(to cost: inout PlanningCost, queryCount: Int, seenCount: Int) {
        let returned = min(queryCount * Int(request.k), side.table.count)
        cost.byteCount += RowSet.byteCount(capacity: returned)
        // Each source is compared with the rows that are returned, and a query's own exclusions are taken off.
        let sourceCount = rowFilters.texts.indices.reduce(0) { sum, index in
            sum + (masks?.hasOwn(index) == true ? min(queryCount, FilterMasks.seedsExpected) : 1)
        }
        cost.rankedRows += max(1, sourceCount) * returned
        if rules.excludesSeen { cost.rankedRows += queryCount * min(seenCount, returned) }
        if let candidates = request.candidates, candidates.offsets != nil {
            cost.rankedRows += candidates.ids.count
        }
        if let exclusions = request.exclusions, exclusions.offsets != nil {
            cost.rankedRows += exclusions.ids.count
        }
    }

    /// Items that the user of a query has seen, about: the mean of some of the request's users, since those who are
    /// asked for have seen more than most; that of all users for other queries.
    private func seenCountExpected() -> Int {
        guard let pairs = generation.seen else { return 0 }
        let mean = pairs.pairCount / max(1, pairs.userCount)
        guard case .users(let ids) = request.scope.queries, let users = generation.users else { return mean }
        let resolver = IDResolver(table: users.table)
        var (sum, count) = (0, 0)
        let step = max(1, ids.count / Self.usersLookedUp)
        for index in stride(from: 0, to: ids.count, by: step) {
            guard let row = try? resolver.row(ids, index) else { continue }
            sum += pairs.list(ofUser: row).count
            count += 1
        }
        return count == 0 ? mean : sum / count
    }

    /// Users of a request that are looked up before it is planned, about, to know how much they have seen.
    private static let usersLookedUp = 16

    /// Queries of a request that are taken to be scanned again at once.
    private static let furtherScansExpected = 4
    /// Passes over the rows, or over their values, that make the groups of a column.
    private static let passesOfGroups = 5
    /// Pairs of a result and an own item that are compared in the time of ranking a row.
    private static let reasonsPerRow = 4

    private static func needsSeenPairs(_ rules: RecommendRules, _ request: RecommendRequest) -> Bool {
        if rules.excludesSeen { return true }
        if rules.wantsBecause, case .users = request.scope.queries { return true }
        return false
    }

    /// Adds the lists of rows that the filters make, one for each distinct mask.
    private func addSources(to cost: inout PlanningCost, queryCount: Int) {
        let planner = ScanPlanner(side: side, mode: .auto)
        let rowCount = side.table.count
        var byteCount = 0
        for (index, _) in rowFilters.texts.enumerated() {
            let namesSeeds = masks?.hasOwn(index) ?? false
            let sharerCount =
                namesSeeds ? 1 : rowFilters.sharerCount(ofText: index, queryCount: queryCount)
            let fetchCount = outline.fetchCount(ofQuery: 0, isCapped: !rules.caps.isEmpty)
            var listed = planner.listedCountMax(sharerCount: sharerCount, fetchCount: fetchCount)
            if let count = masks?.knownCount(index) { listed = count <= listed ? count : 0 }
            let lists = namesSeeds ? min(queryCount, FilterMasks.seedsExpected) : 1
            byteCount += lists * RowSet.byteCount(capacity: listed)
            cost.lookups += lists * SharedSources.cost(listing: listed, ofRows: rowCount)
        }
        cost.byteCount += min(byteCount, Int(limits.maskBytesPerRequestMax))
    }

    /// Whether any filter decides which rows queries may return, or has values of the query's own row.
    var hasFilters: Bool { !rowFilters.texts.isEmpty || masks?.hasOwn == true }

    /// Whether the filter of any boost has values of the query's own row.
    private var boostsNameSeeds: Bool { !ownBoosts.isEmpty }

    /// About how many queries have the mask of query `query`. One where it depends on the query's own row.
    func sharerCount(ofQuery query: Int) -> Int {
        guard let index = rowFilters[query] else { return request.scope.queries.count }
        if masks?.hasOwn(index) == true { return 1 }
        return rowFilters.sharerCount(ofText: index, queryCount: request.scope.queries.count)
    }

    /// Whether the last step found nothing to do, since another request evaluates a filter.
    var isWaiting: Bool { masks?.isWaiting ?? false }

    /// How the masks of the filters were found.
    var filterCounts: FilterCounts { masks?.counts ?? FilterCounts() }

    /// The rows that query `query`, which is planned next, may return; nil where all pass.
    func filter(ofQuery query: Int) -> RowMask? { rowFilters[query].flatMap { masks?.mask($0) } }

    // MARK: Steps

    /// Finds what all queries share. The rank stage, once all is found.
    func resolveShared(_ budget: inout Int) throws(RequestFailure) -> RankStage? {
        if let masks, try !masks.resolveShared(&budget) { return nil }
        guard try findGroups(&budget) else { return nil }
        do throws(RuleFailure) {
            let stage = try RankStage(
                k: Int(request.k), offset: Int(rules.offset), caps: caps, diversity: rules.diversity,
                isDistinct: rules.isDistinct, limits: limits)
            rank = stage
            return stage
        } catch {
            throw error.requestFailure
        }
    }

    /// Finds the groups of the caps. True once all are found.
    private func findGroups(_ budget: inout Int) throws(RequestFailure) -> Bool {
        while caps.count < rules.caps.count {
            let cap = rules.caps[caps.count]
            if building == nil {
                switch side.groups.find(cap.column) {
                case .found(let groups):
                    caps.append(CapRule(groups, most: Int(cap.countMax)))
                    continue
                case .busy:
                    // Another request builds them. This one looks again in its next step.
                    budget = 0
                    return false
                case .missing(let claim): try begin(cap, claim)
                }
            }
            guard budget > 0 else { return false }
            let rowCount = budget * Self.rowsPerID
            budget = 0
            // In place: the lists have one owner while they grow.
            guard case .done(let lists)? = building?.step(rowCount: rowCount) else { continue }
            let groups = GroupColumn(lists)
            claim?.keep(groups)
            claim = nil
            building = nil
            caps.append(CapRule(groups, most: Int(cap.countMax)))
        }
        return true
    }

    /// Begins to build the groups of a cap.
    private func begin(_ cap: GroupCap, _ claim: GroupColumns.Claim) throws(RequestFailure) {
        building = GroupColumns.building(cap.column, of: side.catalog, rowCount: side.table.count)
        guard building != nil else {
            let known = (side.catalog?.columns.map(\.name) ?? []) + (side.catalog?.sets.map(\.name) ?? [])
            throw .invalidArgument(.unknownColumn(cap.column, request.scope.target, known: known))
        }
        self.claim = claim
    }

    /// Finds the masks of query `query` by the values of its own row. True once they are found.
    func resolveOwn(_ query: Int, seed: FilterSeed?, _ budget: inout Int) throws(RequestFailure) -> Bool {
        guard let masks else { return true }
        let rowFilter = rowFilters[query].flatMap { masks.hasOwn($0) ? $0 : nil }
        return try masks.resolveOwn((rowFilter.map { [$0] } ?? []) + ownBoosts, seed: seed, &budget)
    }

    /// Counts the mask that a query holds until the request ends, where filters made it.
    func hold(_ eligible: Eligibility) throws(RequestFailure) {
        if let masks, let mask = eligible.mask { try masks.hold(mask) }
    }

    func endQuery() { masks?.endQuery() }

    // MARK: Queries

    /// The boosts of the query that is planned next; nil where it has none. Throws where its scores could leave the
    /// range of float32.
    func boosts(of ranking: RankingVector, fetchCount: Int) throws(RequestFailure) -> RowBoosts? {
        guard !rules.boosts.isEmpty else { return nil }
        let boosts = sharedBoosts ?? makeBoosts(fetchCount: fetchCount)
        if !boostsNameSeeds {
            sharedBoosts = boosts
        } else {
            try masks?.hold(byteCount: boosts.byteCount)
        }
        do throws(RuleFailure) {
            try boosts.checkRange(of: ranking)
        } catch {
            throw error.requestFailure
        }
        return boosts
    }

    private func makeBoosts(fetchCount: Int) -> RowBoosts {
        let first = rowFilters.texts.count
        var boosts: [Boost] = []
        for (index, boost) in rules.boosts.enumerated() {
            guard let masks else { preconditionFailure("boosts have masks") }
            boosts.append(Boost(boost.effect, rows: masks.mask(first + index)))
        }
        let last = request.scope.queries.count - 1
        return RowBoosts(
            boosts, codes: side.codes, fetchCount: max(fetchCount, rank?.fetchCount(ofQuery: last) ?? 0))
    }

    /// The items that must not be in the answer to a query, since its users have seen them; nil where they may.
    func seen(of resolved: QueryScopePlanner.Resolved) -> SeenRows? {
        guard rules.excludesSeen, let pairs = generation.seen, !resolved.ownUsers.isEmpty else { return nil }
        return SeenRows(pairs, ofUsers: resolved.ownUsers, codes: side.codes)
    }

    /// The items that results may be near to: those that the user of a query by user has seen, else the query's own.
    func ownItems(of resolved: QueryScopePlanner.Resolved) -> OwnItems {
        guard case .users = request.scope.queries else { return .rows(resolved.ownItems.array) }
        guard let pairs = generation.seen, let user = resolved.ownUsers.first else { return .rows([]) }
        return .seen(pairs, user: user)
    }

    /// The cost of planning a query whose ids are known, in look-ups of one id: reading what its users have seen, and
    /// the rows that its boosts match.
    func cost(of resolved: QueryScopePlanner.Resolved?) -> Int {
        var cost = 0
        if rules.excludesSeen, let pairs = generation.seen {
            resolved?.ownUsers.forEach { cost += pairs.list(ofUser: $0).count / Self.seenRowsPerID }
            if let users = resolved?.ownUsers, users.count > 1 {
                cost += pairs.itemCount / Self.boostedRowsPerID
            }
        }
        if boostsNameSeeds || sharedBoosts == nil { cost += boostsCost }
        return cost
    }

    /// The cost of finding the classes of the boosts' rows.
    private var boostsCost: Int {
        rules.boosts.isEmpty ? 0 : (1 + rules.boosts.count) * side.table.count / Self.boostedRowsPerID
    }

    /// Rows of a list that are read in about the time of looking up one id.
    private static let seenRowsPerID = 32
    /// Rows of masks that are read in about the time of looking up one id.
    private static let boostedRowsPerID = 1_024
}
