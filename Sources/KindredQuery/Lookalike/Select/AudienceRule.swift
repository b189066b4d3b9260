import KindredDomain

/// When an expansion finds its rows by their codes, and how sure its threshold is. Answers do not depend on it.
package struct AudienceRule: Sendable {
    /// Fewer rows than this are all scored: that is over before a threshold is found.
    package var codedRowsMin = 16_384
    /// Where a greater share of the rows would have to be scored after the scan of the codes, scoring everybody is
    /// faster: marked rows are read in stretches, everybody in one. ARCHITECTURE.md has the measurements.
    package var candidateShareMax = 0.45
    /// Codes that are looked at to find a threshold, at most.
    package var sampleByteCountMax = 2 << 20
    /// How many standard deviations of the sample's count more rows must be expected than are wanted. With five,
    /// a threshold that is too high, which costs a second scan, comes once in millions of expansions.
    package var deviations = 5.0

    /// The rule that is the fastest.
    package init() {}

    /// The rule of a mode: one that forbids the codes or, where they can say anything, asks for them.
    package init(_ mode: ScanMode) {
        switch mode {
        case .auto: break
        case .blas: codedRowsMin = .max
        case .int8:
            codedRowsMin = 0
            candidateShareMax = 1
        }
    }
}
