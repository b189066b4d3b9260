/// What a scan found for one query.
package struct ScanResult: Sendable {
    /// Nil where another engine must find it.
    package var best: TopRows?
    package var counts = ScanCounts()

    package init() {}

    /// Takes over what another engine has found for the same query.
    package mutating func replace(by other: ScanResult) {
        best = other.best
        counts.rowsScanned += other.counts.rowsScanned
    }
}

/// What finding one query's rows took; no part of the answer.
package struct ScanCounts: Sendable {
    /// Rows whose score, or a bound of it, was computed.
    package var rowsScanned = 0
    /// Rows of a scan of codes that were scored canonically.
    package var rowsRescored = 0

    package init() {}
}
