import KindredModel

/// Where the rows and the queries of a measurement are drawn from.
struct VectorLaws {
    let rows: VectorDistribution
    let queries: VectorDistribution

    /// The laws of a kind; `shipped` is the folder of the model that `VectorKind.shipped` is like.
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
            let itemLaw = DirectionLaw(items)
            let userLaw = DirectionLaw(users)
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
