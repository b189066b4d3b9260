import KindredDomain
import KindredModel

/// Decides how the rows of a query are found, by counting.
package struct ScanPlanner: Sendable {
    package let side: GenerationSide
    package let mode: ScanMode

    package init(side: GenerationSide, mode: ScanMode) {
        self.side = side
        self.mode = mode
    }

    /// With at least so many rows per candidate, candidates are gathered and scored one by one. At 1 M x 64 (flat
    /// norms) gathering one row in 100 took 0.19 of the time of a scan alone and 0.56 of one in a batch of 32: they
    /// cross at one in 19 and one in 56 (two cores, AVX2).
    private static let rowsPerCandidateMin = 32
    /// The same where many queries share their candidates, since a tile of them skips the blocks that none may keep...
    private static let rowsPerSharedCandidateMin = 500
    /// ...which are so many that they fill one.
    private static let sharersMin = 8
    /// Fewer rows than this are scanned by BLAS: what a scan of codes costs beside its rows outweighs them. At d = 64
    /// and one result both took the same time over 128 rows, and codes 0.4 of it over 256 in a batch of 32.
    private static let codedRowsMin = 256
    /// With fewer rows than this per result, scoring what passes the thresholds costs more than codes save: at d = 64
    /// and 10 results one query alone took about the same time over 256 and 512 rows, and 0.6 of it over 1,024.
    private static let rowsPerResultMin = 64

    /// How the best `k` of the eligible rows (nil: of all) are found.
    package func path(k: Int, eligible: RowMask?) -> PlannedQuery.Path {
        let rowCount = side.table.count
        switch mode {
        case .blas: return .blas
        case .int8: return .int8
        case .auto:
            let eligibleCount = eligible?.count ?? rowCount
            if rowCount < Self.codedRowsMin || eligibleCount / Self.rowsPerResultMin < k { return .blas }
            return .int8
        }
    }

    /// True where each list of candidates is so short that its rows are gathered, whatever its ids turn out to
    /// be, for at most `operationCountMax` multiply-adds in all.
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

    /// With more candidates than this, they are scanned.
    private static func candidatesMax(sharerCount: Int, over side: GenerationSide) -> Int {
        side.table.count / (sharerCount >= sharersMin ? rowsPerSharedCandidateMin : rowsPerCandidateMin)
    }

    /// How the best of some candidates are found: scored one by one, or scanned behind a mask where they are many.
    /// `sharerCount` queries of the request have the same candidates.
    package func plan(k: Int, candidates: RowSet, sharerCount: Int) -> (
        path: PlannedQuery.Path, eligible: RowMask?
    ) {
        guard candidates.count > Self.candidatesMax(sharerCount: sharerCount, over: side) else {
            return (.gather(candidates.rows), nil)
        }
        let eligible = RowMask(rows: candidates.rows, codes: side.codes)
        return (path(k: k, eligible: eligible), eligible)
    }
}
