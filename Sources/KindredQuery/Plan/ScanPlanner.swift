import KindredDomain
import KindredModel

/// Decides how the rows of a query are found, by counting rows.
package struct ScanPlanner: Sendable {
    package let side: GenerationSide
    package let mode: ScanMode

    package init(side: GenerationSide, mode: ScanMode) {
        self.side = side
        self.mode = mode
    }

    /// Rows per candidate from which on the candidates are scored one by one: below, one scan of the whole side costs
    /// less.
    private static let rowsPerCandidateMin = 32
    /// The same for candidates that many queries share. Their scan is cheaper, because a tile of queries skips the
    /// blocks that none of them may keep.
    private static let rowsPerSharedCandidateMin = 500
    /// Candidates that this many queries or more share are scanned, because the queries fill a tile.
    private static let sharersMin = 8
    /// Rows per candidate from which on candidates that are too few for a scan of codes are scored one by one: BLAS
    /// would read all rows.
    private static let rowsPerSparseCandidateMin = 4
    /// More of them are not listed: a list takes memory, and BLAS reads rows in their order.
    private static let sparseCandidatesMax = 1 << 18
    /// With fewer rows, BLAS scans: the fixed cost of a scan of codes exceeds what codes save.
    private static let int8RowsMin = 256
    /// With fewer rows per result, BLAS scans: scoring the rows that pass the thresholds costs more than codes save.
    private static let rowsPerResultMin = 64

    /// How the best `fetchCount` rows of a source are found.
    package func path(fetchCount: Int, source: Eligibility.Source) -> PlannedQuery.Path {
        let eligibleCount: Int
        switch source {
        case .listed: return .gather
        case .masked(let mask): eligibleCount = mask.count
        case .all: eligibleCount = side.table.count
        }
        switch mode {
        case .blas: return .blas
        case .int8: return .int8
        case .auto:
            let isFewRows = side.table.count < Self.int8RowsMin
            return isFewRows || eligibleCount / Self.rowsPerResultMin < fetchCount ? .blas : .int8
        }
    }

    /// Candidates as a source of rows: a list where they are few, else a mask. `sharerCount` queries of the request
    /// have the same candidates, and want `fetchCount` rows each.
    package func source(of candidates: RowSet, sharerCount: Int, fetchCount: Int) -> Eligibility.Source {
        if lists(candidates.count, sharerCount: sharerCount, fetchCount: fetchCount) {
            return .listed(candidates)
        }
        return .masked(RowMask(rows: candidates.rows, codes: side.codes))
    }

    /// The rows of a filter's mask as a source: a list where they are few, all rows where none is missing, else the
    /// mask. `sharerCount` queries of the request have the same filter, and want `fetchCount` rows each.
    package func source(of mask: RowMask, sharerCount: Int, fetchCount: Int) -> Eligibility.Source {
        if mask.count == side.table.count { return .all }
        if lists(mask.count, sharerCount: sharerCount, fetchCount: fetchCount) {
            return .listed(mask.rowSet())
        }
        return .masked(mask)
    }

    /// True where so many candidates are scored one by one.
    func lists(_ count: Int, sharerCount: Int, fetchCount: Int) -> Bool {
        if count <= Self.candidatesMax(sharerCount: sharerCount, over: side) { return true }
        return mode == .auto && count / Self.rowsPerResultMin < fetchCount
            && count <= sparseCandidatesMax
    }

    /// The greatest number of a filter's rows that are scored one by one.
    func listedCountMax(sharerCount: Int, fetchCount: Int) -> Int {
        let few = Self.candidatesMax(sharerCount: sharerCount, over: side)
        guard mode == .auto else { return few }
        return max(
            few, min(Self.rowsPerResultMin * fetchCount, sparseCandidatesMax))
    }

    private var sparseCandidatesMax: Int {
        min(side.table.count / Self.rowsPerSparseCandidateMin, Self.sparseCandidatesMax)
    }

    /// True where so many candidates of one query are scored one by one.
    func listsCandidates(_ count: Int) -> Bool { count <= Self.candidatesMax(sharerCount: 1, over: side) }

    /// True if all candidate lists are short enough to gather, and gathering costs at most `operationCountMax`
    /// multiply-adds in all. Known before ids are resolved.
    package static func gathers(
        _ candidates: RaggedIDs, queryCount: Int, over side: GenerationSide, operationCountMax: Int
    ) -> Bool {
        let longest: Int
        let total: Int
        if let offsets = candidates.offsets {
            longest = zip(offsets, offsets.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) }
            total = candidates.ids.count
        } else {
            longest = candidates.ids.count
            total = longest * queryCount
        }
        let sharerCount = candidates.offsets == nil ? queryCount : 1
        return longest <= candidatesMax(sharerCount: sharerCount, over: side)
            && total <= operationCountMax / side.table.dimension
    }

    /// The greatest number of candidates that are gathered.
    private static func candidatesMax(sharerCount: Int, over side: GenerationSide) -> Int {
        side.table.count / (sharerCount >= sharersMin ? rowsPerSharedCandidateMin : rowsPerCandidateMin)
    }
}
