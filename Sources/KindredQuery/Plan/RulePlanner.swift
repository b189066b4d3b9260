import KindredDomain
import KindredFilter

/// The rules of one request over one generation: its filters, boosts and caps, and what its users have seen.
final class RulePlanner {
    let rules: RecommendRules
    let request: RecommendRequest
    let generation: Generation
    let side: GenerationSide
    let limits: Limits
    let rowFilters: RowFilters
    /// The filters of rows come first, then those of the boosts.
    let masks: FilterMasks?
    /// The filters of boosts that have values of the query's own row.
    private let ownBoosts: [Int]
    /// The groups of the caps, as far as they are found, and those that are being built.
    private var caps: [CapRule] = []
    private var building: GroupColumnBuilding?
    /// The claim on the groups that are being built.
    private var claim: GroupColumns.Claim?
    private var rank: RankStage?
    /// The rank stage without its caps, which are found in steps.
    let outline: RankStage
    private(set) var sharedBoosts: RowBoosts?

    /// Rows that are grouped in about the time of looking up one id.
    static let rowsPerID = 8

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
        let names = FilterNaming(
            rowFilters, queryCount: request.scope.queries.count, boostCount: rules.boosts.count)
        var found: FilterMasks?
        if !texts.isEmpty || !rules.parameters.isEmpty {
            found = try FilterMasks(
                texts, parameters: rules.parameters, over: request.scope.target, of: generation,
                seedSide: request.scope.queries.ownSide, limits: limits, name: names.name(ofText:))
        }
        masks = found
        ownBoosts = (rowFilters.texts.count..<texts.count).filter { found?.hasOwn($0) == true }
    }

    private static func needsSeenPairs(_ rules: RecommendRules, _ request: RecommendRequest) -> Bool {
        if rules.excludesSeen { return true }
        if rules.wantsBecause, case .users = request.scope.queries { return true }
        return false
    }

    /// Whether any filter decides which rows queries may return, or has values of the query's own row.
    var hasFilters: Bool { !rowFilters.texts.isEmpty || masks?.hasOwn == true }

    /// Whether the filter of any boost has values of the query's own row.
    var boostsNameSeeds: Bool { !ownBoosts.isEmpty }

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
        if let column = side.catalog?.column(named: cap.column), case .unknown(let reason) = column.storage {
            // Of some rows nobody knows which values are equal.
            let failure = FilterFailure(.incomparableCap(cap.column, because: reason), at: 0)
            throw .invalidArgument(.filter(failure, text: ""))
        }
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
}
