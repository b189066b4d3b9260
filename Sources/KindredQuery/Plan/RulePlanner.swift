import KindredDomain
import KindredFilter

/// The rules of one request over one generation: its filters, boosts and caps, and what its users have seen.
final class RulePlanner {
    private let rules: RecommendRules
    private let request: RecommendRequest
    private let generation: Generation
    private let side: GenerationSide
    private let limits: Limits
    /// The filter comes first, where there is one; then those of the boosts.
    private let masks: FilterMasks?
    /// The groups of the caps, as far as they are found, and those that are being built.
    private var caps: [CapRule] = []
    private var building: GroupColumnBuilding?
    private var rank: RankStage?
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
        } catch {
            throw error.requestFailure
        }
        let texts = [rules.filter].compactMap(\.self) + rules.boosts.map(\.filter)
        if texts.isEmpty, rules.parameters.isEmpty {
            masks = nil
        } else {
            masks = try FilterMasks(
                texts, parameters: rules.parameters, over: request.scope.target, of: generation,
                limits: limits)
        }
        guard needsSeenPairs else { return }
        guard generation.seen != nil else { throw .invalidArgument(.noSeenPairs) }
    }

    private var needsSeenPairs: Bool {
        if rules.excludesSeen { return true }
        if rules.wantsBecause, case .users = request.scope.queries { return true }
        return false
    }

    /// Whether the filter of rows depends on the query.
    var hasOwnFilter: Bool { rules.filter != nil && masks?.hasOwn(0) == true }

    /// Whether any filter depends on the query.
    var hasOwnFilters: Bool { masks?.hasOwn ?? false }

    /// The rows that the query which is planned next may return; nil where all pass.
    var filter: RowMask? { rules.filter == nil ? nil : masks?.mask(0) }

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

    /// Finds the masks of a query by the values of its own row. True once they are found.
    func resolveOwn(seed: FilterSeed?, _ budget: inout Int) throws(RequestFailure) -> Bool {
        try masks?.resolveOwn(seed: seed, &budget) ?? true
    }

    func endQuery() { masks?.endQuery() }

    // MARK: Queries

    /// The boosts of the query that is planned next; nil where it has none. Throws where its scores could leave the
    /// range of float32.
    func boosts(of ranking: RankingVector, fetchCount: Int) throws(RequestFailure) -> RowBoosts? {
        guard !rules.boosts.isEmpty else { return nil }
        let boosts = sharedBoosts ?? makeBoosts(fetchCount: fetchCount)
        if !hasOwnFilters { sharedBoosts = boosts }
        do throws(RuleFailure) {
            try boosts.checkRange(of: ranking)
        } catch {
            throw error.requestFailure
        }
        return boosts
    }

    private func makeBoosts(fetchCount: Int) -> RowBoosts {
        let first = rules.filter == nil ? 0 : 1
        var boosts: [Boost] = []
        for (index, boost) in rules.boosts.enumerated() {
            guard let rows = masks?.mask(first + index) else { continue }
            boosts.append(Boost(boost.effect, rows: rows))
        }
        let last = request.scope.queries.count - 1
        return RowBoosts(
            boosts, codes: side.codes, fetchCount: max(fetchCount, rank?.fetchCount(ofQuery: last) ?? 0))
    }

    /// The items that must not be in the answer to a query, since its first user has seen them; nil where they may.
    func seen(of resolved: QueryScopePlanner.Resolved) -> SeenRows? {
        guard rules.excludesSeen, let pairs = generation.seen, let user = resolved.ownUsers.first else {
            return nil
        }
        return SeenRows(pairs, ofUser: user, codes: side.codes)
    }

    /// The items that the other users of a blend have seen, where these must not be in the answer.
    func alsoSeen(of resolved: QueryScopePlanner.Resolved) -> [UInt32] {
        guard rules.excludesSeen, let pairs = generation.seen, resolved.ownUsers.count > 1 else { return [] }
        return resolved.ownUsers.dropFirst().flatMap { pairs.list(ofUser: $0) }
    }

    /// The items that results may be near to: those that the user of a query by user has seen, else the query's own.
    func ownItems(of resolved: QueryScopePlanner.Resolved) -> [UInt32] {
        guard case .users = request.scope.queries else { return resolved.ownItems }
        guard let pairs = generation.seen, let user = resolved.ownUsers.first else { return [] }
        return Array(pairs.list(ofUser: user))
    }
}
