import ArgumentParser

/// The kind of a measurement's vectors, which decides how many rows a scan can skip.
enum VectorKind: String, CaseIterable, Codable, ExpressibleByArgument, Sendable {
    /// Rows like the shipped model's items, queries like its users.
    case shipped
    /// Log-normal norms and a decaying spectrum.
    case skewed
    /// Length 1 and no preferred direction: no row can be skipped.
    case flat
}
