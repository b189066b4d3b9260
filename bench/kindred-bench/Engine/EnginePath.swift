import ArgumentParser
import KindredQuery

/// Which engine answers.
enum EnginePath: String, CaseIterable, Codable, ExpressibleByArgument, Sendable {
    case blas
    case int8

    var planned: PlannedQuery.Path { self == .blas ? .blas : .int8 }
}
