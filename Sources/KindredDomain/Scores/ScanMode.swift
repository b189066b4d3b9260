/// The engine that finds the rows. All engines give the same answers.
package enum ScanMode: String, Sendable, CaseIterable {
    /// The faster one for each query.
    case auto
    /// Float32 products through BLAS.
    case blas
    /// Int8 codes with a bound of their error, then exact scores.
    case int8
}
