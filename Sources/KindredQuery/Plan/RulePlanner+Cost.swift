import KindredDomain
import KindredModel

/// What the rules of a request cost: in time, in memory, and in rows to rank.
extension RulePlanner {
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
            var byteCount = SeenRows.byteCount(itemCount: pairs.itemCount, rowCount: seenCount)
            if case .blends = request.scope.queries {
                byteCount = SeenRows.byteCountOfSeveral(itemCount: pairs.itemCount)
            }
            cost.byteCount += queryCount * byteCount
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
        // For each source, and for the query's own exclusions, the returned rows among its rows are counted.
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
        guard !rules.boosts.isEmpty else { return 0 }
        // Each class is compared with every other.
        let classes = 1 << rules.boosts.count
        return (1 + rules.boosts.count) * side.table.count / Self.boostedRowsPerID
            + classes * classes / Self.classPairsPerID
    }

    /// Rows of a list that are read in about the time of looking up one id.
    private static let seenRowsPerID = 32
    /// Pairs of classes that are compared in about the time of looking up one id.
    private static let classPairsPerID = 64
    /// Rows of masks that are read in about the time of looking up one id.
    private static let boostedRowsPerID = 1_024
}
