import KindredDomain
import KindredTerminal

/// The settings of a load, sufficient to repeat it.
struct LoadSetting: Encodable, Sendable {
    let endpoint: String
    let model: String?
    let version: UInt64?
    let items: UInt64?
    let users: UInt64?
    let dimension: Int?
    let requests: String
    let k: Int
    let ids: IDSampler.Law
    /// Absent for uniform ids.
    let zipfExponent: Double?
    let seed: UInt64
    /// Number of requests encoded before the run.
    let poolCount: Int
    let connections: Int
    let generatorThreads: Int
    let timeoutMilliseconds: UInt32
    let warmUpSeconds: Double

    init(_ shape: LoadShapeOptions, _ scenario: Scenario, _ target: LoadTarget, poolCount: Int) {
        endpoint = target.endpoint.description
        model = target.model?.name.description
        version = target.model?.active
        items = target.model?.items
        users = target.model?.users
        dimension = target.model?.dimension
        requests = scenario.text
        k = shape.k
        ids = shape.ids
        zipfExponent = shape.ids == .zipf ? shape.zipfExponent : nil
        seed = shape.seed
        self.poolCount = poolCount
        connections = shape.connections
        generatorThreads = shape.generatorThreads
        timeoutMilliseconds = shape.timeoutMs
        warmUpSeconds = shape.warmUp
    }

    var lines: [String] {
        var served = "\(endpoint)"
        if let model, let version, let items, let users, let dimension {
            served +=
                ", \(model) version \(version): \(Int(items).groupedDigits) items and "
                + "\(Int(users).groupedDigits) users x \(dimension)"
        }
        return [
            served,
            "\(requests), top \(k), \(poolCount.groupedDigits) requests in turn, ids "
                + (zipfExponent.map { "by Zipf's law with exponent \($0)" } ?? "uniform") + ", "
                + "\(connections) connections"
                + (generatorThreads == 1 ? "" : " of \(generatorThreads) generator threads"),
        ]
    }
}
