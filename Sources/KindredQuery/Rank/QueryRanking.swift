import KindredDomain
import KindredModel

/// One query on its way through the rank stage: it takes rows until the caps have let enough pass, asks for more where
/// the scan found too few, then re-orders them.
struct QueryRanking {
    private enum Phase {
        /// Rows of a scan are looked at.
        case judging([RankingKey], next: Int)
        /// Rows that cannot be taken any more are left out of the next scan.
        case removing
        /// What is left becomes the source of the next scan.
        case preparing
        /// A scan has to find more rows.
        case fetching
        case diversifying(Diversifier)
        case done([RankingKey])
    }

    private let stage: RankStage
    private let side: GenerationSide
    private let query: PlannedQuery
    private let planner: ScanPlanner
    private var phase: Phase
    /// The rows of the next scan, while `isFetching`.
    private var nextSource: Eligibility.Source?
    /// Rows that the last scan was asked for.
    private var fetchCount: Int
    /// The rows that the caps let pass, best first.
    private var taken: [RankingKey] = []
    private var counts: CapCounts
    /// The rows that are left for the next scan, once there is one.
    private var left: EligibleRows?
    /// Of the rows taken and of the full groups, those before these numbers are removed.
    private var takenRemoved = 0
    private var groupsRemoved = 0
    /// Rows of the group that is being removed, which are removed.
    private var rowsRemoved = 0
    private var returnedRemoved = 0
    /// The cost of the further scans.
    private(set) var scanCounts = ScanCounts()

    /// Each scan finds so many times the rows of the one before.
    private static let growth = 4

    /// Begins with the rows that the query's scan has found.
    init(
        _ stage: RankStage, _ query: PlannedQuery, found: TopRows?, over side: GenerationSide, mode: ScanMode
    ) {
        self.stage = stage
        planner = ScanPlanner(side: side, mode: mode)
        self.query = query
        self.side = side
        fetchCount = query.fetchCount
        counts = CapCounts(stage.caps)
        var found = found
        phase = .judging(found?.finish() ?? [], next: 0)
        taken.reserveCapacity(min(stage.wantedCount, query.fetchCount))
    }

    /// True where the next step needs rows of a scan.
    var isFetching: Bool { if case .fetching = phase { true } else { false } }

    /// The rows that are returned; nil before the last step.
    var result: [RankingKey]? {
        guard case .done(let rows) = phase else { return nil }
        return rows
    }

    /// Goes on until about `budget` rows were looked at. Returns early where rows must be fetched, or all is done.
    /// `returned` are the rows that are not eligible because earlier queries return them; from the first step on they
    /// stay the same.
    mutating func step(_ budget: inout Int, returned: RowSet?) {
        while budget > 0 {
            var current = Phase.fetching
            swap(&current, &phase)
            switch consume current {
            case .judging(let keys, let next): judge(keys, from: next, &budget, returned)
            case .removing:
                phase = .removing
                guard remove(&budget, returned) else { return }
                if left?.isEmpty ?? true { finish() } else { phase = .preparing }
            case .preparing:
                nextSource = left?.source(planner)
                budget -= 1 + side.codes.rowCount / Self.copiedPerRow
                if case .listed(let rows)? = nextSource { budget -= rows.count }
                phase = .fetching
            case .diversifying(var diversifier):
                // A cosine costs as much as some rows.
                var cosines = 1 + budget / Self.rowsPerCosine
                let isDone = diversifier.step(&cosines)
                budget = cosines * Self.rowsPerCosine
                phase = isDone ? .done(window(diversifier.rows)) : .diversifying(diversifier)
            case .fetching: return
            case .done(let rows):
                phase = .done(rows)
                return
            }
        }
    }

    /// Rows that are judged in the time of one cosine.
    private static let rowsPerCosine = 2

    private mutating func judge(
        _ keys: [RankingKey], from start: Int, _ budget: inout Int, _ returned: RowSet?
    ) {
        let end = min(start + budget, keys.count)
        budget -= max(1, end - start)
        for place in start..<end {
            let key = keys[place]
            if taken.count == stage.wantedCount { break }
            if let returned, returned.contains(key.row) { continue }
            if counts.take(key.row) { taken.append(key) }
        }
        if taken.count == stage.wantedCount || end == keys.count && keys.count < fetchCount {
            finish()
        } else {
            phase = end < keys.count ? .judging(keys, next: end) : .removing
        }
    }

    /// Every row is taken: the order of the pool is next.
    private mutating func finish() {
        left = nil
        guard let weight = stage.diversityWeight else {
            phase = .done(window(taken))
            return
        }
        phase = .diversifying(
            Diversifier(taken, wantedCount: stage.window.upperBound, weight: weight, table: side.table))
    }

    private func window(_ rows: [RankingKey]) -> [RankingKey] {
        if stage.offset == 0, rows.count <= stage.k { return rows }
        return Array(rows.prefix(stage.window.upperBound).dropFirst(stage.window.lowerBound))
    }

    /// Leaves out the rows that were taken or are returned by others, and the rows of full groups. Every other row
    /// that was judged is among those. True once all are out.
    private mutating func remove(_ budget: inout Int, _ returned: RowSet?) -> Bool {
        if left == nil {
            left = EligibleRows(of: query.eligibility, codes: side.codes)
            budget -= 1 + side.codes.rowCount / Self.copiedPerRow
        }
        if let returned, returnedRemoved < returned.count, budget > 0 {
            let rows = returned.rows[returnedRemoved...].prefix(budget)
            left?.remove(rows)
            returnedRemoved += rows.count
            budget -= rows.count
        }
        if takenRemoved < taken.count, budget > 0 {
            let rows = taken[takenRemoved...].prefix(budget).map(\.row)
            left?.remove(rows[...])
            takenRemoved += rows.count
            budget -= rows.count
        }
        while groupsRemoved < counts.full.count, budget > 0 {
            let rows = counts.rows(of: counts.full[groupsRemoved]).dropFirst(rowsRemoved).prefix(budget)
            left?.remove(rows)
            budget -= max(1, rows.count)
            rowsRemoved += rows.count
            if rowsRemoved == counts.rows(of: counts.full[groupsRemoved]).count {
                groupsRemoved += 1
                rowsRemoved = 0
            }
        }
        return returnedRemoved >= returned?.count ?? 0 && takenRemoved == taken.count
            && groupsRemoved == counts.full.count
    }

    /// Rows of a mask that are copied in the time of one row.
    private static let copiedPerRow = 512

    // MARK: Further scans

    /// The query whose scan finds more rows, while `isFetching`.
    mutating func nextQuery() -> PlannedQuery {
        let missing = stage.wantedCount - taken.count
        fetchCount = max(missing + missing / 2 + 1, min(Self.growth * fetchCount, RankStage.sparesMax))
        var next = query
        next.fetchCount = fetchCount
        if let source = nextSource { next.eligibility.source = source }
        nextSource = nil
        next.path = planner.path(fetchCount: fetchCount, source: next.eligibility.source)
        return next
    }

    /// Takes the rows that the further scan has found.
    mutating func take(_ result: ScanResult) {
        var found = result.best
        phase = .judging(found?.finish() ?? [], next: 0)
        scanCounts.rowsScanned += result.counts.rowsScanned
        scanCounts.rowsRescored += result.counts.rowsRescored
    }
}
