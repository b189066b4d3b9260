import ArgumentParser

/// What the vectors of a measurement are like, which decides how much a scan can leave out.
enum VectorKind: String, CaseIterable, Codable, ExpressibleByArgument, Sendable {
    /// Drawn like the shipped model's items, and queries like its users.
    case shipped
    /// Log-normal norms and a spectrum that decays.
    case skewed
    /// Length 1, and no direction before another: nothing can be left out.
    case flat
}
