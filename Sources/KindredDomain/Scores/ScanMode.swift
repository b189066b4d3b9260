/// Which engine finds the rows. Every engine gives the same answers.
package enum ScanMode: String, Sendable, CaseIterable {
    /// Whichever is the faster for the query.
    case auto
    /// Float32 products through BLAS.
    case blas
    /// Certified int8 scans.
    case int8
}
