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
    /// Whether the filter of rows depends on the query.
    let hasOwnFilter: Bool
    /// The groups of the caps, as far as they are found, and those that are being built.
    private var caps: [CapRule] = []
    private var building: GroupColumnBuilding?
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
        rowFilters = RowFilters(rules)
        let texts = rowFilters.texts + rules.boosts.map(\.filter)
        var found: FilterMasks?
        if !texts.isEmpty || !rules.parameters.isEmpty {
            found = try FilterMasks(
                texts, parameters: rules.parameters, over: request.scope.target, of: generation,
                seedSide: request.scope.queries.ownSide, limits: limits)
        }
        masks = found
        let rowTexts = rowFilters.texts.indices
        ownBoosts = (rowTexts.upperBound..<texts.count).filter { found?.hasOwn($0) == true }
        hasOwnFilter = rowFilters.isByQuery || rowTexts.contains { found?.hasOwn($0) == true }
        let ranked = UInt64(request.scope.queries.count) * UInt64(outline.wantedCount)
        guard ranked <= limits.rankedRowsPerRequestMax else {
            throw .limitExceeded(.rankedRows, found: ranked, limit: UInt64(limits.rankedRowsPerRequestMax))
        }
        guard needsSeenPairs else { return }
        guard generation.seen != nil else { throw .invalidArgument(.noSeenPairs) }
    }

    /// Adds the cost of the rules of so many queries.
    func add(to cost: inout PlanningCost, queryCount: Int) {
        cost.lookups += masks?.lookups(queryCount: queryCount, perQuery: 1 + rules.boosts.count) ?? 0
        for cap in rules.caps where side.groups.column(named: cap.column) == nil {
            cost.lookups += Self.passesOfGroups * side.table.count / Self.rowsPerID
        }
        var fetched = 0
        for query in 0..<queryCount {
            let count = min(
                outline.fetchCount(ofQuery: query, isCapped: !rules.caps.isEmpty), side.table.count)
            fetched += count
            cost.fetchCountMax = max(cost.fetchCountMax, count)
        }
        cost.rankedRows += fetched
        cost.byteCount += fetched * MemoryLayout<RankingKey>.stride
        cost.byteCount += masks?.byteCount(queryCount: queryCount, perQuery: 1 + rules.boosts.count) ?? 0
        if !rules.caps.isEmpty || rules.isDistinct {
            // The rows that are left for further scans, which few queries need.
            cost.byteCount += min(queryCount, Self.furtherScansExpected) * side.table.count / 8
        }
        guard let pairs = generation.seen else { return }
        let meanCount = pairs.pairCount / max(1, pairs.userCount)
        if rules.excludesSeen {
            cost.byteCount +=
                queryCount * SeenRows.byteCount(itemCount: pairs.itemCount, rowCount: meanCount)
        }
        if rules.wantsBecause {
            let results = queryCount * min(Int(request.k), side.table.count)
            cost.rankedRows += results * meanCount / Self.reasonsPerRow
        }
    }

    /// Queries of a request that are taken to be scanned again at once.
    private static let furtherScansExpected = 4
    /// Passes over the rows, or over their values, that make the groups of a column.
    private static let passesOfGroups = 4
    /// Pairs of a result and an own item that are compared in the time of ranking a row.
    private static let reasonsPerRow = 4

    private var needsSeenPairs: Bool {
        if rules.excludesSeen { return true }
        if rules.wantsBecause, case .users = request.scope.queries { return true }
        return false
    }

    /// Whether any filter has values of the query's own row.
    var hasOwnFilters: Bool { masks?.hasOwn ?? false }

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
            if let groups = side.groups.column(named: cap.column) {
                caps.append(CapRule(groups, most: Int(cap.countMax)))
                continue
            }
            guard budget > 0 else { return false }
            let begun =
                building
                ?? GroupColumns.building(cap.column, of: side.catalog, rowCount: side.table.count)
            guard var current = begun else {
                let known = (side.catalog?.columns.map(\.name) ?? []) + (side.catalog?.sets.map(\.name) ?? [])
                throw .invalidArgument(.unknownColumn(cap.column, request.scope.target, known: known))
            }
            building = nil
            let rowCount = budget * Self.rowsPerID
            budget = 0
            if case .done(let lists) = current.step(rowCount: rowCount) {
                caps.append(
                    CapRule(
                        side.groups.keep(GroupColumn(lists), named: cap.column), most: Int(cap.countMax)))
            } else {
                building = current
            }
        }
        return true
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
        if !hasOwnFilters {
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
        if hasOwnFilters { cost += (1 + rules.boosts.count) * side.table.count / Self.boostedRowsPerID }
        return cost
    }

    /// Rows of a list that are read in about the time of looking up one id.
    private static let seenRowsPerID = 32
    /// Rows of masks that are read in about the time of looking up one id.
    private static let boostedRowsPerID = 1_024
}
