import KindredDomain

/// When an expansion selects its rows by their codes, and how sure its threshold is. Audiences do not depend on it.
package struct SelectionRule: Sendable {
    /// With fewer rows, all are scored: that ends before a threshold is found.
    package var int8RowsMin = 16_384
    /// Greatest share of the rows that may have to be scored after the scan of codes. Above it, scoring all rows is
    /// faster, because their vectors are read in one stretch.
    package var candidateShareMax = 0.45
    /// Codes that are read to estimate a threshold, at most.
    package var sampleByteCountMax = 2 << 20
    /// The threshold is so low that the expected number of rows above it exceeds the wanted number by this many
    /// standard deviations. A threshold that is too high costs a second scan.
    package var deviations = 5.0

    /// The fastest rule.
    package init() {}

    /// The rule of a scan mode: `blas` forbids codes, `int8` uses them wherever a sample is possible.
    package init(_ mode: ScanMode) {
        switch mode {
        case .auto: break
        case .blas: int8RowsMin = .max
        case .int8:
            int8RowsMin = 0
            candidateShareMax = 1
        }
    }

    /// True where codes may be worth scanning; a sample decides later.
    func mayUseCodes(goal: AudienceGoal, rowCount: Int) -> Bool {
        guard rowCount >= int8RowsMin else { return false }
        switch goal {
        case .best(let wanted):
            return wanted > 0 && Double(wanted) <= candidateShareMax * Double(rowCount)
        case .scoring: return true
        }
    }
}
