import KindredModel

/// The distributions of a measurement's rows and queries.
struct VectorDistributions {
    let rows: VectorDistribution
    let queries: VectorDistribution

    /// The distributions of a kind. `shipped`: the folder of the model that `VectorKind.shipped` resembles.
    init(_ kind: VectorKind, dimension: Int, shipped directory: String) throws {
        switch kind {
        case .flat:
            rows = .flat(dimension: dimension)
            queries = .flat(dimension: dimension)
        case .skewed:
            rows = .skewed(dimension: dimension)
            queries = .flat(dimension: dimension)
        case .shipped:
            let manifest = try Manifest.read(directory: directory)
            let version = try VersionLoader().load(
                directory: directory, expecting: manifest.model, version: manifest.version)
            guard let items = version.items, let users = version.users else {
                throw EngineFailure.sideMissing(directory: directory)
            }
            let itemLaw = DirectionStatistics(items)
            let userLaw = DirectionStatistics(users)
            if dimension == items.dimension {
                rows = itemLaw.distribution
                queries = userLaw.distribution
            } else {
                let axes = PrincipalAxes(covariance: itemLaw.covariance, dimension: items.dimension)
                rows = itemLaw.distribution(along: axes, dimension: dimension)
                queries = userLaw.distribution(along: axes, dimension: dimension)
            }
        }
    }
}
